import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  commitGroupOffsets,
  createTopics,
  deleteRecords,
  describeTopic,
  describeTopicConfigs,
  listGroupOffsets,
} from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { consumeGroup } from '../../dev/kafka/groups.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import type { TranslatedOffset } from '../../src/control/translated-offset.ts'
import { decodeCheckpoint, encodeCheckpointKey, encodeCheckpointValue } from '../../src/mirror/checkpoint.ts'
import { CLEANED_AT_ONCE, CLEANING_BROKER, waitForCleaner } from '../support/compacted-source.ts'
import { ExpectedOffsets } from '../support/expected-offsets.ts'
import { SINGLE_REPLICA, startMirrorMaker } from '../support/mirror-maker.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'
import { until } from '../support/until.ts'

const topic = 'ledger'
const recordsCount = Number(process.env['TWINLOG_FAILOVER_RECORDS'] ?? 60_000)
const perTransaction = 400
const hotKeysCount = 50
const quick = {
  ...SINGLE_REPLICA,
  'emit.checkpoints.enabled': 'true',
  'emit.checkpoints.interval.seconds': '1',
  'sync.group.offsets.enabled': 'true',
  'sync.group.offsets.interval.seconds': '1',
  'refresh.groups.interval.seconds': '1',
  // MirrorMaker 2 translates by these.
  'emit.offset-syncs.enabled': 'true',
}

/** Transactions of records of which every fifth has a key that comes again; every ninth transaction is aborted. */
async function produce(source: KafkaCluster): Promise<void> {
  const steps: ProduceStep[] = []
  for (let first = 0; first < recordsCount; first += perTransaction) {
    steps.push('begin')
    for (let each = first; each < first + perTransaction; each++) {
      const key = each % 5 === 0 ? `hot-${each % hotKeysCount}` : `once-${each}`
      steps.push({ topic, partition: 0, key, value: String(each) })
    }
    steps.push((first / perTransaction) % 9 === 4 ? 'abort' : 'commit')
  }
  await produceRecords({ ...source.adminProperties, 'transactional.id': 'seed' }, steps)
}

interface Failover {
  readonly twice: number
  readonly skipped: number
}

/** A consumer of Java goes on in the copy where its group stands there. */
async function failOver(
  target: KafkaCluster,
  group: string,
  remote: string,
  expected: ExpectedOffsets,
  committed: number,
): Promise<Failover> {
  const records = await consumeGroup(target, group, remote, 'earliest')
  const read = new Set(records.filter(({ key }) => key !== 'roll').map(({ offset }) => offset))
  const twice = expected.pairs.filter(({ upstream, downstream }) => upstream < committed && read.has(downstream))
  const skipped = expected.pairs.filter(({ upstream, downstream }) => upstream >= committed && !read.has(downstream))
  return { twice: twice.length, skipped: skipped.length }
}

test(
  'a consumer that fails over reads nothing twice and skips nothing, at the head and far behind, with transactions and compaction; MirrorMaker 2 beside it',
  { timeout: 600_000 },
  async (context) => {
    await using resources = new AsyncDisposableStack()
    const [source, target] = await Promise.all([
      startCluster({ properties: { ...CLEANING_BROKER, 'log.retention.ms': '-1' } }),
      startCluster(),
    ])
    resources.use(source)
    resources.use(target)
    await createTopics(source, { name: topic, configs: CLEANED_AT_ONCE })
    await produce(source)
    const cleanedCount = Math.round(recordsCount * 0.8) + 2 * hotKeysCount
    await waitForCleaner(source, topic, { 0: cleanedCount })
    const common = { source, target, topics: topic }
    const isolation = (alias: string) => ({ [`${alias}.consumer.isolation.level`]: 'read_committed' })
    const mirror = await startMirror({ ...common, alias: 'eu', properties: { ...quick, ...isolation('eu') } })
    resources.use(mirror)
    const mm = { ...common, alias: 'mm', properties: { ...quick, ...isolation('mm') } }
    resources.use(await startMirrorMaker(source.installation, { ...mirrorProperties(mm), 'us->mm.enabled': 'false' }))
    const ofTwinlog = async () => ExpectedOffsets.read(source, target, topic, `eu.${topic}`)
    const ofMirrorMaker = async () => ExpectedOffsets.read(source, target, topic, `mm.${topic}`)
    let [ours, theirs] = await Promise.all([ofTwinlog(), ofMirrorMaker().catch(() => null)])
    const all = await sourceCount(source)
    await until('both copies', async () => {
      ;[ours, theirs] = await Promise.all([ofTwinlog(), ofMirrorMaker().catch(() => null)])
      return ours.pairs.length === all && theirs?.pairs.length === all
    })
    assert.ok(theirs !== null)
    const end = (ours.pairs.at(-1)?.upstream ?? 0) + 1
    const stands = { head: end, near: Math.round(end * 0.9), far: Math.round(end * 0.1) }
    for (const [group, offset] of Object.entries(stands)) await commitGroupOffsets(source, group, topic, { 0: offset })
    for (const group of Object.keys(stands))
      await until(`group ${group} on the target, by both`, async () => {
        const found = await listGroupOffsets(target, group)
        return found[`eu.${topic}`] !== undefined && (found[`mm.${topic}`] !== undefined || group !== 'head')
      })
    const figures: Record<string, { readonly twinlog: Failover; readonly mirrorMaker: Failover }> = {}
    for (const [group, offset] of Object.entries(stands)) {
      figures[group] = {
        twinlog: await failOver(target, group, `eu.${topic}`, ours, offset),
        mirrorMaker: await failOver(target, group, `mm.${topic}`, theirs, offset),
      }
    }
    context.diagnostic(`failover of ${all} records: ${JSON.stringify(figures)}`)
    for (const [group, { twinlog, mirrorMaker }] of Object.entries(figures)) {
      assert.deepEqual(twinlog, { twice: 0, skipped: 0 }, group)
      assert.equal(mirrorMaker.skipped, 0, group)
    }
    await assertSameCheckpoints(target)
    await mirror.stop()
  },
)

/** The real MirrorMaker 2's checkpoints are the ones that we would write for the same group, and its topic is made as ours. */
async function assertSameCheckpoints(target: KafkaCluster): Promise<void> {
  const read = (alias: string) =>
    dumpRecords({ client: target.adminProperties, topic: `${alias}.checkpoints.internal` })
  const [theirs, ours] = await Promise.all([read('mm'), read('eu')])
  assert.ok(theirs.length > 0 && ours.length > 0)
  for (const { key, value, partition, headers, timestampType } of [...theirs, ...ours]) {
    const checkpoint = decodeCheckpoint(key, value)
    assert.ok(checkpoint !== null)
    assert.deepEqual(encodeCheckpointKey(checkpoint), key)
    assert.deepEqual(encodeCheckpointValue(checkpoint), value)
    assert.deepEqual({ partition, headers, timestampType }, { partition: 0, headers: [], timestampType: 'CreateTime' })
  }
  const keysOf = (records: typeof theirs, alias: string) =>
    new Set(records.map(({ key }) => String(key).replace(`${alias}.${topic}`, topic).slice(0, -4)))
  for (const key of keysOf(theirs, 'mm')) assert.ok(keysOf(ours, 'eu').has(key), key)
  const made = async (alias: string) => [
    await describeTopicConfigs(target, `${alias}.checkpoints.internal`),
    (await describeTopic(target, `${alias}.checkpoints.internal`)).partitions.length,
  ]
  assert.deepEqual(await made('eu'), await made('mm'))
}

test(
  'what MirrorMaker 2 copied before a take-over is translated by its offset syncs, never too far, and said to be; what comes after it exactly',
  { timeout: 400_000 },
  async () => {
    await using resources = new AsyncDisposableStack()
    const [source, target] = await Promise.all([startCluster(), startCluster()])
    resources.use(source)
    resources.use(target)
    await createTopics(source, { name: topic })
    const steps = (first: number, count: number): ProduceStep[] =>
      Array.from({ length: count }, (_, index) => ({ topic, partition: 0, key: String(first + index), value: 'x' }))
    await produceRecords(source.adminProperties, steps(0, 1_000))
    // A copy that does not begin at 0: offsets differ on both sides.
    await deleteRecords(source, topic, { 0: 100 })
    const options = { source, target, alias: 'tk', topics: topic, properties: quick }
    const mirrorMaker = await startMirrorMaker(source.installation, mirrorProperties(options))
    await commitGroupOffsets(source, 'before', topic, { 0: 700 })
    await until('the copy of MirrorMaker 2', async () => {
      const { pairs } = await ExpectedOffsets.read(source, target, topic, `tk.${topic}`).catch(() => ({ pairs: [] }))
      return pairs.length === 900 && (await listGroupOffsets(target, 'before'))[`tk.${topic}`] !== undefined
    })
    await mirrorMaker.stop()
    await produceRecords(source.adminProperties, steps(1_000, 200))
    const properties = { ...quick, 'twinlog.listeners': 'http://127.0.0.1:0' }
    const mirror = await startMirror({ ...options, properties })
    resources.use(mirror)
    await mirror.waitUntilCopied(topic, { counts: { 0: 1_100 } })
    const expected = await ExpectedOffsets.read(source, target, topic, `tk.${topic}`)
    const { address } = await mirror.waitForEvent('ListenerOpened')
    const translate = async (offset: number): Promise<TranslatedOffset> => {
      const response = await fetch(`${String(address)}/offsets?topic=${topic}&partition=0&offset=${offset}`)
      const { offsets } = (await response.json()) as { offsets: TranslatedOffset[] }
      assert.ok(offsets[0] !== undefined)
      return offsets[0]
    }
    await commitGroupOffsets(source, 'early', topic, { 0: 500 })
    await commitGroupOffsets(source, 'late', topic, { 0: 1_150 })
    await until('a round with the new groups', async () => {
      const found = await listGroupOffsets(target, 'late')
      return found[`tk.${topic}`]?.['0'] === expected.downstreamOf(0, 1_150)
    })
    const early = await translate(500)
    assert.equal(early.accuracy, 'approximate')
    assert.match(early.reason ?? '', /MirrorMaker 2/)
    assert.ok((early.downstreamOffset ?? Infinity) <= expected.downstreamOf(0, 500))
    assert.deepEqual(
      [(await translate(1_150)).accuracy, (await translate(1_001)).downstreamOffset],
      ['exact', expected.downstreamOf(0, 1_001)],
    )
    // It never goes back: what MirrorMaker 2 committed for the group stays, or what is higher.
    const before = (await listGroupOffsets(target, 'before'))[`tk.${topic}`]?.['0'] ?? -1
    assert.ok(before > 0 && before <= expected.downstreamOf(0, 700), String(before))
    await mirror.stop()
  },
)

async function sourceCount(source: KafkaCluster): Promise<number> {
  const { pairs } = await ExpectedOffsets.read(source, source, topic, topic)
  return pairs.length
}
