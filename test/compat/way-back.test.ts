import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTopics, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, generateRecords } from '../../dev/kafka/records.ts'
import type { DumpedRecord } from '../../dev/kafka/records.ts'
import { mustRunTool } from '../../dev/kafka/tools.ts'
import { assertExactlyOnceInOrder } from '../support/judge.ts'
import { assertSyncsHold } from '../support/offset-syncs.ts'
import { SINGLE_REPLICA, startMirrorMaker } from '../support/mirror-maker.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'
import { until } from '../support/until.ts'

async function untilEnds(target: KafkaCluster, count: number): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const offsets = await listOffsets(target, 'eu.orders').catch(() => ({}))
    return Object.values(offsets).filter(({ latest }) => latest >= count).length === 2
  }
  await until(`${count} records in each partition of the copy`, isThere)
}

/** Reads what is written for readers of heartbeats and offset syncs, each record once. */
class WrittenForReaders {
  readonly #topics: readonly (readonly [name: string, cluster: KafkaCluster, topic: string])[]
  readonly #read = new Map<string, number>()

  constructor(source: KafkaCluster, target: KafkaCluster) {
    this.#topics = [
      ['heartbeats of eu', target, 'heartbeats'],
      ['heartbeats of us', source, 'heartbeats'],
      ['heartbeats of us, copied', target, 'eu.heartbeats'],
      ['offset syncs', source, 'mm2-offset-syncs.us.internal'],
    ]
  }

  /** Waits until something new is in each. */
  async untilWritten(describe: () => string): Promise<void> {
    for (const [name, cluster, topic] of this.#topics) {
      const isThere = async (): Promise<boolean> => {
        const [range] = Object.values(await listOffsets(cluster, topic).catch(() => ({})))
        return range !== undefined && range.latest > (this.#read.get(name) ?? 0)
      }
      await until(name, isThere, describe)
    }
  }

  async sinceLast(): Promise<Record<string, DumpedRecord[]>> {
    const found: Record<string, DumpedRecord[]> = {}
    for (const [name, { adminProperties: client }, topic] of this.#topics) {
      const records = await dumpRecords({ client, topic, fromOffset: this.#read.get(name) ?? 0 })
      const last = records.at(-1)
      if (last !== undefined) this.#read.set(name, last.offset + 1)
      found[name] = records
    }
    return found
  }
}

/** Each different record of a topic once: its bytes, but for offsets and times, of which only what they are alike in. */
function shapesOf(records: readonly DumpedRecord[]): string[] {
  const shapes = records.map(({ partition, key, value, headers, timestamp }) => {
    assert.ok(key !== null && value !== null)
    // A heartbeat: version and time; an offset sync: two offsets.
    const isHeartbeat = value.length === 10
    const fixed = isHeartbeat ? value.subarray(0, 2).toString('hex') : ''
    const isTimeOfRecord = isHeartbeat && value.readBigInt64BE(2) === timestamp
    return JSON.stringify({ partition, key: key.toString('hex'), fixed, size: value.length, isTimeOfRecord, headers })
  })
  return [...new Set(shapes)].sort()
}

/** What we wrote first into a topic is shown by MirrorMaker 2's own formatter. */
async function assertFormatted(
  cluster: KafkaCluster,
  topic: string,
  formatter: string,
  records: readonly DumpedRecord[] = [],
  shown: RegExp,
): Promise<void> {
  const count = String(records.length)
  const className = `org.apache.kafka.connect.mirror.formatters.${formatter}`
  const args = ['--topic', topic, '--from-beginning', '--max-messages', count, '--formatter', className]
  const lines = (await mustRunTool(cluster, 'kafka-console-consumer', args)).trim().split('\n')
  assert.equal(lines.length, records.length)
  for (const line of lines) assert.match(line, shown)
}

test(
  'from twinlog to MirrorMaker 2 and back, each stopped in order, nothing is lost and nothing copied twice',
  { timeout: 400_000 },
  async () => {
    await using resources = new AsyncDisposableStack()
    const [source, target] = await Promise.all([startCluster(), startCluster()])
    resources.use(source)
    resources.use(target)
    const properties = { ...SINGLE_REPLICA, 'emit.heartbeats.enabled': 'true', 'emit.offset-syncs.enabled': 'true' }
    const options = { source, target, alias: 'eu', topics: 'orders', properties }
    const written = new WrittenForReaders(source, target)
    await createTopics(source, { name: 'orders', partitions: 2 })
    const write = (firstSequence: number) =>
      generateRecords(source.adminProperties, { topic: 'orders', partitions: 2, count: 100, firstSequence })

    await write(0)
    const before = await startMirror(options)
    await untilEnds(target, 50)
    await written.untilWritten(() => before.describe())
    const flows = before.status?.['flows'] as readonly Record<string, unknown>[]
    assert.deepEqual(
      flows.map(({ flow, isHeartbeatsOnly }) => [flow, isHeartbeatsOnly]),
      [
        ['eu->us', false],
        ['us->eu', true],
      ],
    )
    await before.stop()
    const ours = await written.sinceLast()

    await write(50)
    const mirrorMaker = await startMirrorMaker(source.installation, mirrorProperties(options))
    await untilEnds(target, 100)
    await written.untilWritten(() => mirrorMaker.log())
    await mirrorMaker.stop()
    const theirs = await written.sinceLast()

    await write(100)
    const after = await startMirror(options)
    await untilEnds(target, 150)
    await after.stop()
    assert.deepEqual(Object.keys(ours), Object.keys(theirs))
    // Fails if one of them wrote nothing.
    for (const records of [...Object.values(ours), ...Object.values(theirs)]) assert.notEqual(records.length, 0)
    for (const [topic, records] of Object.entries(theirs))
      assert.deepEqual(shapesOf(ours[topic] ?? []), shapesOf(records), topic)
    const ofHeartbeats = /^Heartbeat\{sourceClusterAlias=eu, targetClusterAlias=us, timestamp=\d{13}\}$/
    await assertFormatted(target, 'heartbeats', 'HeartbeatFormatter', ours['heartbeats of eu'], ofHeartbeats)
    const ofSyncs =
      /^OffsetSync\{topicPartition=(?:orders-[01]|heartbeats-0), upstreamOffset=\d+, downstreamOffset=\d+\}$/
    await assertFormatted(source, 'mm2-offset-syncs.us.internal', 'OffsetSyncFormatter', ours['offset syncs'], ofSyncs)
    const syncs = { on: source, topic: 'mm2-offset-syncs.us.internal' }
    await assertSyncsHold({ source, target, topic: 'orders', remote: 'eu.orders', syncs })
    await assertExactlyOnceInOrder(source, target, 'orders', 'eu.orders')
  },
)
