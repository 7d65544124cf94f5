import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProperties } from '../config/properties.ts'
import { resolvePlan } from './flow-plan-resolution.ts'
import type { FlowPlan } from './flow-plan.ts'

/*
 * Lines that MirrorMaker 2 silently ignores, or gives to somebody else, because of where they stand (mm2-contract.md 1.6 to 1.8): by default they do here what they do
 * there, and a warning says which line would work; with twinlog.strict.mm2.scoping=false they do what they say.
 */

interface Trap {
  readonly name: string
  readonly lines: readonly string[]
  /** What a warning says of the last line; null: it is another line that has no effect. */
  readonly said: RegExp
  readonly read: (flow: FlowPlan) => unknown
  readonly asMirrorMaker: unknown
  readonly asMeant: unknown
}

const traps: readonly Trap[] = [
  {
    name: 'a worker setting at top level',
    lines: ['offset.flush.interval.ms=5'],
    said: /^has no effect at top level; write B\.offset\.flush\.interval\.ms$/,
    read: ({ positions }) => positions.flushIntervalMs,
    asMirrorMaker: 60_000,
    asMeant: 5,
  },
  {
    name: 'exactly.once.source.support at top level',
    lines: ['exactly.once.source.support=preparing'],
    said: /at top level; write B\.exactly\.once\.source\.support$/,
    read: ({ transactions }) => transactions.support,
    asMirrorMaker: 'disabled',
    asMeant: 'preparing',
  },
  {
    name: 'group.id at top level',
    lines: ['group.id=crew'],
    said: /at top level; write B\.group\.id$/,
    read: ({ groupId }) => groupId,
    asMirrorMaker: 'A-mm2',
    asMeant: 'crew',
  },
  {
    name: 'a storage setting at top level comes before the one of the cluster',
    lines: ['offset.storage.topic=for-all', 'B.offset.storage.topic=for-b'],
    said: /^has no effect: line 5 \(offset\.storage\.topic\) comes before it; remove that one$/,
    read: ({ positions }) => positions.offsetsTopic,
    asMirrorMaker: 'for-all',
    asMeant: 'for-b',
  },
  {
    name: 'a worker setting for a flow',
    lines: ['A->B.offset.flush.interval.ms=5'],
    said: /^has no effect for a flow; write B\.offset\.flush\.interval\.ms$/,
    read: ({ positions }) => positions.flushIntervalMs,
    asMirrorMaker: 60_000,
    asMeant: 5,
  },
  {
    name: 'consumer. at top level',
    lines: ['consumer.fetch.min.bytes=7'],
    said: /at top level; write A\.consumer\.fetch\.min\.bytes$/,
    read: ({ fetch }) => fetch.fetchMinBytes,
    asMirrorMaker: 1,
    asMeant: 7,
  },
  {
    name: 'producer. at top level',
    lines: ['producer.max.request.size=7'],
    said: /at top level; write B\.producer\.max\.request\.size$/,
    read: ({ produce }) => produce.maxRequestSizeBytes,
    asMirrorMaker: 1_048_576,
    asMeant: 7,
  },
  {
    name: 'admin. at top level',
    lines: ['admin.request.timeout.ms=7'],
    said: /at top level; write A\.admin\.request\.timeout\.ms or B\.admin\.request\.timeout\.ms$/,
    read: ({ source, target }) => [source.client.requestTimeoutMs, target.client.requestTimeoutMs],
    asMirrorMaker: [30_000, 30_000],
    asMeant: [7, 7],
  },
  {
    name: 'producer.override. at top level',
    lines: ['producer.override.max.request.size=7'],
    said: /at top level; write B\.producer\.max\.request\.size$/,
    read: ({ produce }) => produce.maxRequestSizeBytes,
    asMirrorMaker: 1_048_576,
    asMeant: 7,
  },
  {
    name: 'source.consumer. at top level',
    lines: ['source.consumer.fetch.min.bytes=7'],
    said: /at top level; write A\.consumer\.fetch\.min\.bytes$/,
    read: ({ fetch }) => fetch.fetchMinBytes,
    asMirrorMaker: 1,
    asMeant: 7,
  },
  ...(['use.defaults.from=source', 'transaction.boundary=interval', 'exactly.once.support=requested'] as const).map(
    (line): Trap => ({
      name: `${line} at top level`,
      lines: ['B.exactly.once.source.support=enabled', 'A.consumer.isolation.level=read_committed', line],
      said: new RegExp(`^has no effect at top level; write A->B\\.${line.split('=')[0]?.replaceAll('.', '\\.')}$`),
      read: ({ topics, transactions }) => [topics.useDefaultsFrom, transactions.isEndedEarly],
      asMirrorMaker: ['target', true],
      asMeant: [line.startsWith('use') ? 'source' : 'target', !line.startsWith('transaction')],
    }),
  ),
  {
    name: 'a consumer setting of a flow, where the cluster has its own',
    lines: ['A.consumer.fetch.min.bytes=5', 'A->B.consumer.fetch.min.bytes=7'],
    said: /^has no effect: line 5 \(A\.consumer\.fetch\.min\.bytes\) comes before it; write A->B\.source\.consumer\.fetch\.min\.bytes$/,
    read: ({ fetch }) => fetch.fetchMinBytes,
    asMirrorMaker: 5,
    asMeant: 7,
  },
  {
    name: 'an admin setting of a flow, where both clusters have their own',
    lines: ['A.admin.retry.backoff.ms=5', 'B.admin.retry.backoff.ms=6', 'A->B.admin.retry.backoff.ms=7'],
    said: /comes before it; write A->B\.source\.admin\.retry\.backoff\.ms or A->B\.target\.admin\.retry\.backoff\.ms$/,
    read: ({ source, target }) => [source.client.retryBackoffMs, target.client.retryBackoffMs],
    asMirrorMaker: [5, 6],
    asMeant: [7, 7],
  },
  ...['A->B.producer.', 'A->B.target.producer.'].map((prefix): Trap => ({
    name: `${prefix} is the producer of offset syncs alone`,
    lines: [`${prefix}max.request.size=7`],
    said: /^has no effect on copied records: it belongs to offset syncs; write A->B\.producer\.override\.max\.request\.size$/,
    read: ({ produce }) => produce.maxRequestSizeBytes,
    asMirrorMaker: 1_048_576,
    asMeant: 7,
  })),
  {
    name: 'a client setting of a cluster without a client',
    lines: ['A.request.timeout.ms=7'],
    said: /^has no effect on copied records: it belongs to heartbeats; write A\.consumer\.request\.timeout\.ms or A\.admin\.request\.timeout\.ms$/,
    read: ({ source }) => [source.dataClient.requestTimeoutMs, source.client.requestTimeoutMs],
    asMirrorMaker: [30_000, 30_000],
    asMeant: [7, 7],
  },
  {
    name: 'a client setting at top level without a client',
    lines: ['fetch.max.bytes=7'],
    said: /^has no effect at top level; write A\.consumer\.fetch\.max\.bytes$/,
    read: ({ fetch }) => fetch.fetchMaxBytes,
    asMirrorMaker: 52_428_800,
    asMeant: 7,
  },
  {
    name: 'the address of a cluster for a flow',
    lines: ['A->B.source.cluster.bootstrap.servers=z:1'],
    said: /^has no effect: line 2 \(A\.bootstrap\.servers\) comes before it; write A\.bootstrap\.servers$/,
    read: ({ source }) => source.dataClient.bootstrapServers,
    asMirrorMaker: ['a:1'],
    asMeant: ['z:1'],
  },
  {
    name: 'a setting of flows for a cluster',
    lines: ['A.replication.factor=7'],
    said: /^has no effect for a cluster; write A->B\.replication\.factor$/,
    read: ({ topics }) => topics.replicationFactor,
    asMirrorMaker: 2,
    asMeant: 7,
  },
]

const base = ['clusters=A,B', 'A.bootstrap.servers=a:1', 'B.bootstrap.servers=b:1', 'A->B.enabled=true']

function plan(lines: readonly string[]) {
  return resolvePlan(parseProperties([...base, ...lines].join('\n'), 'mm2.properties'))
}

for (const { name, lines, said, read, asMirrorMaker, asMeant } of traps) {
  test(`${name}: as MirrorMaker 2, with a warning; or as it was meant`, () => {
    const strict = plan(lines)
    const notice = strict.notices.find(({ line }) => line === base.length + lines.length)
    assert.equal(notice?.level, 'warning')
    assert.match(notice?.text ?? '', said)
    assert.deepEqual(strict.flows.map(read), [asMirrorMaker])
    const meant = plan([...lines, 'twinlog.strict.mm2.scoping=false'])
    assert.deepEqual(meant.flows.map(read), [asMeant])
    const followed = meant.notices.find(({ line }) => line === base.length + lines.length)
    assert.match(followed?.text ?? '', /MirrorMaker 2 would not do at this place/)
  })
}

test('a line for a cluster that is source and target of flows is not guessed about', () => {
  const lines = ['B->A.enabled=true', 'A.topics=x', 'twinlog.strict.mm2.scoping=false']
  const { flows, notices } = plan(lines)
  assert.deepEqual(
    flows.map(({ topicFilter }) => topicFilter.matches(['x', 'y'])),
    [
      ['x', 'y'],
      ['x', 'y'],
    ],
  )
  assert.match(notices.find(({ key }) => key === 'A.topics')?.text ?? '', /write A->B\.topics or B->A\.topics/)
})

test('at top level enabled counts for every pair that MirrorMaker 2 has a worker for', () => {
  const names = (lines: readonly string[]) =>
    resolvePlan(parseProperties([...base.slice(0, 3), ...lines].join('\n'), 'f')).flows.map(({ name }) => name)
  assert.deepEqual(names(['enabled=true']), ['A->B', 'B->A'])
  assert.deepEqual(names(['enabled=true', 'B->A.enabled=false']), ['A->B'])
  assert.deepEqual(names(['enabled=true', 'emit.heartbeats.enabled=false', 'B->A.enabled=true']), ['B->A'])
})
