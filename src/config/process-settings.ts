import { boolean, list } from './setting-type.ts'
import { setting } from './setting.ts'

const since = '0.1'

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
} as const
