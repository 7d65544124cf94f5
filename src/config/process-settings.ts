import { listeners } from './listener-address.ts'
import { boolean, choice, int, list } from './setting-type.ts'
import { setting } from './setting.ts'

const since = '0.1'

/** Near Kafka Connect's 8083, and not a port of Kafka's own. */
export const defaultListener = { host: '127.0.0.1', port: 8383 } as const

/** Settings of the whole process, at top level only. Source: MirrorMakerConfig. */
export const processSettings = {
  clusters: setting({
    type: list(),
    default: undefined,
    importance: 'high',
    scope: 'process',
    since,
    doc: 'The aliases of all clusters. Required.',
  }),
  'config.providers': setting({
    type: list(),
    default: [],
    importance: 'low',
    scope: 'process',
    since,
    doc: 'Names of the providers that resolve `${name:path:key}` in values. Each has `config.providers.<name>.class`: `FileConfigProvider`, `DirectoryConfigProvider` or `EnvVarConfigProvider` (with `org.apache.kafka.common.config.provider.` before it), and optionally `.param.allowed.paths` or `.param.allowlist.pattern`.',
  }),
  'twinlog.strict': setting({
    type: boolean(),
    default: false,
    importance: 'medium',
    scope: 'process',
    since,
    doc: 'With `true` an unknown key is an error; otherwise it is a warning, because files written for MirrorMaker 2 must start.',
  }),
  'twinlog.strict.mm2.scoping': setting({
    type: boolean(),
    default: true,
    importance: 'medium',
    scope: 'process',
    since,
    doc: 'With `true` every line reaches exactly what it reaches in MirrorMaker 2; of a line that MirrorMaker 2 silently ignores because of its place, a warning says which line would work. With `false` it is followed as it was meant: every line reaches what it names, and the narrower place wins, a flow before a cluster before top level, and at each of them a line for a client before one for all.',
  }),
  'twinlog.listeners': setting({
    type: listeners(),
    default: [defaultListener],
    importance: 'medium',
    scope: 'process',
    since,
    doc: 'Where metrics, health and status are served, over HTTP: `http://host:port`, several separated by commas. Port 0 takes a free one, which the log tells; an empty value serves nothing. The default is reached from this machine only: for a Prometheus elsewhere write `http://0.0.0.0:8383`, and keep others away from it. If a port is taken, the log says so and copying goes on without.',
  }),
  'twinlog.metrics.partitions.max': setting({
    type: int({ min: 1 }),
    default: 1_000,
    importance: 'low',
    scope: 'process',
    since,
    doc: 'Up to how many partitions metrics are told one by one. Above it they are added up by topic, and above so many topics by flow; `twinlog_metrics_level` says which it is.',
  }),
  'twinlog.log.level': setting({
    type: choice(['error', 'warn', 'info', 'debug', 'trace']),
    default: 'info',
    importance: 'low',
    scope: 'process',
    since,
    doc: 'The quietest level that is logged. `--log-level` wins. SIGUSR2 switches to `debug` and back while it runs, and `PUT /log/level` sets any.',
  }),
  'twinlog.log.format': setting({
    type: choice(['text', 'json']),
    default: undefined,
    importance: 'low',
    scope: 'process',
    since,
    doc: 'Lines for people (`text`) or for machines (`json`). Default: `text` on a terminal, otherwise `json`. `--log-format` wins.',
  }),
} as const
