import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitGroupOffsets, createTopics, listGroupOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { consumeGroup } from '../../dev/kafka/groups.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
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
  'emit.checkpoints.interval.seconds': '1',
  'sync.group.offsets.enabled': 'true',
  'sync.group.offsets.interval.seconds': '1',
  'refresh.groups.interval.seconds': '1',
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
    await mirror.stop()
  },
)

async function sourceCount(source: KafkaCluster): Promise<number> {
  const { pairs } = await ExpectedOffsets.read(source, source, topic, topic)
  return pairs.length
}
