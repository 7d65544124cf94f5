import type { SettingScope } from './setting.ts'

/** A setting that MirrorMaker 2 knows and twinlog does not follow, with what is to be said about it. */
export interface OtherSetting {
  readonly scopes: readonly (SettingScope | 'admin')[]
  readonly status: 'not-done-yet' | 'not-needed' | 'refused'
  /** The reason, without a full stop. */
  readonly why: string
  /** Values (in lower case) that ask for nothing more than twinlog does anyway: nothing is said. */
  readonly harmless?: readonly string[]
}

type Scopes = OtherSetting['scopes']

function group(
  status: OtherSetting['status'],
  scopes: Scopes,
  why: string,
  keys: readonly string[],
  harmless?: readonly string[],
): [string, OtherSetting][] {
  return keys.map((key) => [key, { status, scopes, why, ...(harmless !== undefined && { harmless }) }])
}

const flow: Scopes = ['flow']
const worker: Scopes = ['worker']
const client: Scopes = ['client']
const anyClient: Scopes = ['consumer', 'producer', 'admin', 'worker']

/** Key and what is known of it; a key may stand here once for each of several scopes. Source: the ConfigDefs of Kafka 4.3. */
const entries: readonly (readonly [string, OtherSetting])[] = [
  ...group(
    'not-done-yet',
    flow,
    'metrics are served over HTTP (twinlog.listeners) and not given to classes of your own',
    ['metric.reporters', 'add.source.alias.to.metrics', 'auto.include.jmx.reporter'],
  ),
  ...group(
    'not-done-yet',
    flow,
    'classes of your own cannot be loaded; the default is used',
    ['config.property.filter.class'],
    ['org.apache.kafka.connect.mirror.defaultconfigpropertyfilter'],
  ),
  ...group(
    'not-done-yet',
    flow,
    'classes of your own cannot be loaded; topics are created directly',
    ['forwarding.admin.class'],
    ['org.apache.kafka.clients.admin.forwardingadmin'],
  ),
  ...group(
    'refused',
    flow,
    'classes of your own cannot be loaded, and without it other groups would be moved',
    ['group.filter.class'],
    ['org.apache.kafka.connect.mirror.defaultgroupfilter'],
  ),
  ...group(
    'refused',
    flow,
    'classes of your own cannot be loaded, and without it other topics would be copied',
    ['topic.filter.class'],
    ['org.apache.kafka.connect.mirror.defaulttopicfilter'],
  ),
  ...group(
    'refused',
    flow,
    'record transforms are not done yet, and without them other data would be copied',
    ['transforms'],
    [''],
  ),
  ...group('refused', flow, 'aliases come from "clusters"; another one would change the names of remote topics', [
    'source.cluster.alias',
    'target.cluster.alias',
  ]),
  ...group(
    'refused',
    flow,
    'positions of a connector in a topic of its own are not done yet; without them everything would be copied again',
    ['offsets.storage.topic'],
  ),
  ...group(
    'refused',
    flow,
    'positions of a connector of another name are not done yet; without them everything would be copied again',
    ['name'],
    ['mirrorsourceconnector'],
  ),
  ...group(
    'not-done-yet',
    flow,
    'a record that the target refuses stops its partition',
    ['errors.tolerance'],
    ['none'],
  ),
  ...group('not-needed', flow, 'it belongs to transforms and converters, which there are not', [
    'predicates',
    'errors.retry.timeout',
    'errors.retry.delay.max.ms',
    'errors.log.enable',
    'errors.log.include.messages',
    'key.converter.plugin.version',
    'value.converter.plugin.version',
    'header.converter.plugin.version',
    'connector.plugin.version',
  ]),
  ...group('not-needed', flow, 'one lane copies all partitions of a flow at the rate of the brokers', ['tasks.max']),
  ...group('not-needed', flow, 'twinlog has no connector classes', ['connector.class', 'tasks.max.enforce']),
  ...group('not-needed', flow, 'what fails at start is tried again until it works', ['admin.timeout.ms']),
  ...group('not-needed', flow, 'fetching does not poll; see fetch.max.wait.ms', ['consumer.poll.timeout.ms']),
  ...group('not-needed', flow, 'references are resolved at start', ['config.action.reload']),
  ...group('not-needed', flow, 'topics are always altered incrementally', ['use.incremental.alter.configs']),
  ...group('not-needed', flow, 'remote topics are created with the partitions and configs of their source', [
    'topic.creation.groups',
    'topic.creation.enable',
  ]),

  ...group('not-done-yet', ['process'], 'there is no REST server', ['dedicated.mode.enable.internal.rest'], ['false']),
  ...group('not-done-yet', ['process', 'worker'], 'there is no REST server', [
    'listeners',
    'admin.listeners',
    'rest.advertised.host.name',
    'rest.advertised.port',
    'rest.advertised.listener',
    'rest.extension.classes',
    'access.control.allow.origin',
    'access.control.allow.methods',
    'response.http.headers.config',
    'ssl.client.auth',
  ]),

  ...group(
    'not-needed',
    worker,
    'there are no connectors whose state is to be kept; MirrorMaker 2 makes this topic itself',
    ['status.storage.topic', 'status.storage.partitions', 'status.storage.replication.factor'],
  ),
  ...group('not-done-yet', worker, 'work is not shared between processes', [
    'session.timeout.ms',
    'heartbeat.interval.ms',
    'rebalance.timeout.ms',
    'scheduled.rebalance.max.delay.ms',
    'connect.protocol',
    'worker.sync.timeout.ms',
    'worker.unsync.backoff.ms',
    'inter.worker.key.generation.algorithm',
    'inter.worker.key.size',
    'inter.worker.key.ttl.ms',
    'inter.worker.signature.algorithm',
    'inter.worker.verification.algorithms',
  ]),
  ...group('not-needed', worker, 'a stop drains what is in flight within ten seconds', [
    'offset.flush.timeout.ms',
    'task.shutdown.graceful.timeout.ms',
  ]),
  ...group('not-needed', worker, 'the topics of positions and configurations are always compacted', [
    'offset.storage.cleanup.policy',
    'config.storage.cleanup.policy',
  ]),
  ...group('not-needed', worker, 'there are no plugins', [
    'plugin.path',
    'plugin.discovery',
    'connector.client.config.override.policy',
    'topic.tracking.enable',
    'topic.tracking.allow.reset',
  ]),

  ...group('not-needed', anyClient, 'it belongs to the metrics of the Java client', [
    'metric.reporters',
    'metrics.num.samples',
    'metrics.recording.level',
    'metrics.sample.window.ms',
    'enable.metrics.push',
    'auto.include.jmx.reporter',
  ]),
  ...group('not-needed', anyClient, 'brokers are always looked up again from bootstrap.servers when none is left', [
    'metadata.recovery.strategy',
    'metadata.recovery.rebootstrap.trigger.ms',
  ]),
  ...group('not-needed', client, 'Node leaves the size of socket buffers to the system, which fits them to the way', [
    'send.buffer.bytes',
    'receive.buffer.bytes',
  ]),
  ...group('not-needed', anyClient, 'it belongs to the JVM', ['security.providers']),
  ...group(
    'not-needed',
    ['consumer', 'producer', 'admin'],
    'requests are retried until they work; see request.timeout.ms and delivery.timeout.ms',
    ['default.api.timeout.ms', 'retries', 'max.block.ms'],
  ),
  ...group('not-needed', ['consumer', 'producer', 'admin'], 'references are resolved for the whole file', [
    'config.providers',
  ]),
  ...group('not-done-yet', ['admin'], 'controllers are not talked to', ['bootstrap.controllers']),
  ...group(
    'refused',
    ['consumer', 'producer'],
    'interceptors cannot be loaded, and without them other data would be copied',
    ['interceptor.classes'],
    [''],
  ),
  ...group('not-needed', ['consumer'], 'fetches are sized by the way to the broker; fetch.max.bytes is the limit', [
    'max.partition.fetch.bytes',
  ]),
  ...group(
    'not-needed',
    ['producer'],
    'sequences keep the order, however many batches are in flight; how many is chosen by the way to the broker',
    ['max.in.flight.requests.per.connection'],
  ),
  ...group('not-needed', ['consumer'], 'partitions are read without a consumer group', [
    'group.id',
    'group.instance.id',
    'group.protocol',
    'group.remote.assignor',
    'enable.auto.commit',
    'auto.commit.interval.ms',
    'session.timeout.ms',
    'heartbeat.interval.ms',
    'max.poll.interval.ms',
    'partition.assignment.strategy',
    'allow.auto.create.topics',
    'exclude.internal.topics',
    'internal.throw.on.fetch.stable.offset.unsupported',
    'share.acknowledgement.mode',
    'share.acquire.mode',
  ]),
  ...group('not-needed', ['consumer'], 'batches are copied whole; see fetch.max.bytes', [
    'max.poll.records',
    'key.deserializer',
    'value.deserializer',
  ]),
  ...group('not-needed', ['producer'], 'nothing waits for what has not come yet', ['linger.ms']),
  ...group('not-needed', ['producer'], 'every record keeps its partition and its bytes', [
    'partitioner.class',
    'partitioner.adaptive.partitioning.enable',
    'partitioner.availability.timeout.ms',
    'partitioner.ignore.keys',
    'key.serializer',
    'value.serializer',
    'metadata.max.idle.ms',
  ]),
  ...group('not-done-yet', ['producer'], 'lz4 has its fastest level, which expands as fast as others', [
    'compression.lz4.level',
  ]),
  ...group('not-needed', ['producer'], 'transactional ids follow from group.id', ['transactional.id']),
  ...group('not-done-yet', ['producer'], 'transactions are ended by twinlog alone', [
    'transaction.two.phase.commit.enable',
  ]),

  ...group('not-needed', client, 'it chooses between implementations of the JVM', [
    'ssl.protocol',
    'ssl.provider',
    'ssl.keymanager.algorithm',
    'ssl.trustmanager.algorithm',
    'ssl.secure.random.implementation',
  ]),
  ...group('refused', client, 'Java classes cannot be loaded, and without it the connection would be another', [
    'ssl.engine.factory.class',
    'sasl.client.callback.handler.class',
    'sasl.login.callback.handler.class',
    'sasl.login.class',
  ]),
]

/** By key; several entries for a key that means another thing in another scope. */
export const otherSettings: ReadonlyMap<string, readonly OtherSetting[]> = new Map(
  [...Map.groupBy(entries, ([key]) => key)].map(([key, found]) => [key, found.map(([, other]) => other)]),
)

/** Families of keys, of which only the beginning is known. */
export const otherPrefixes: readonly (OtherSetting & { readonly prefix: string })[] = [
  { prefix: 'sasl.kerberos.', scopes: client, status: 'not-done-yet', why: 'the mechanism GSSAPI is not supported' },
  {
    prefix: 'sasl.oauthbearer.',
    scopes: client,
    status: 'not-done-yet',
    why: 'the mechanism OAUTHBEARER is not supported',
  },
  { prefix: 'sasl.login.', scopes: client, status: 'not-done-yet', why: 'the mechanism OAUTHBEARER is not supported' },
  { prefix: 'listeners.https.', scopes: ['process', 'worker'], status: 'not-done-yet', why: 'there is no REST server' },
  { prefix: 'transforms.', scopes: flow, status: 'not-done-yet', why: 'record transforms are not done' },
  { prefix: 'predicates.', scopes: flow, status: 'not-done-yet', why: 'record transforms are not done' },
  {
    prefix: 'topic.creation.',
    scopes: flow,
    status: 'not-needed',
    why: 'remote topics are created with the partitions and configs of their source',
  },
  {
    prefix: 'status.storage.',
    scopes: worker,
    status: 'not-needed',
    why: 'there are no connectors whose state is to be kept; MirrorMaker 2 makes this topic itself',
  },
  { prefix: 'key.converter.', scopes: ['worker', 'flow'], status: 'not-needed', why: 'records are copied as bytes' },
  { prefix: 'value.converter.', scopes: ['worker', 'flow'], status: 'not-needed', why: 'records are copied as bytes' },
  { prefix: 'header.converter.', scopes: ['worker', 'flow'], status: 'not-needed', why: 'records are copied as bytes' },
]

/** @returns what is known of a key in one of the scopes */
export function findOtherSetting(
  key: string,
  scopes: readonly OtherSetting['scopes'][number][],
): OtherSetting | undefined {
  const candidates = otherSettings.get(key) ?? otherPrefixes.filter(({ prefix }) => key.startsWith(prefix))
  return candidates.find((each) => each.scopes.some((scope) => scopes.includes(scope)))
}
