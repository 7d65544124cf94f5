import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPartitions, createTopics, deleteRecords, deleteTopics, listTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { Gap } from '../../src/mirror/gap.ts'
import { decodeLedgerGap, decodeLedgerKey } from '../../src/mirror/ledger-record.ts'
import { assertLogsValid } from '../support/judge.ts'
import { sumOverFlows } from '../support/logged-event.ts'
import { countOffsets, startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'

const RECREATIONS = process.env.TWINLOG_TESTS === 'all' ? 40 : 6

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster()])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function mirror(alias: string, topics: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  return startMirror({ source, target, alias, topics, properties })
}

/** Writes records with the values first, first + 1... in batches of ten. */
async function write(topic: string, first: number, count: number, partition = 0): Promise<void> {
  const steps = Array.from({ length: count }, (_, index) => ({
    topic,
    partition,
    key: 'k',
    value: String(first + index),
  }))
  const batches = Array.from({ length: Math.ceil(count / 10) }, (_, index) => [
    ...steps.slice(index * 10, index * 10 + 10),
    'flush' as const,
  ])
  await produceRecords(source.adminProperties, batches.flat())
}

async function valuesAt(remote: string, partition = 0): Promise<number[]> {
  const records = await dumpRecords({ client: target.adminProperties, topic: remote, partitions: [partition] })
  return records.map(({ value }) => Number(value))
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}

/** Runs it until everything is copied, and stops it. */
async function copyAll(alias: string, topic: string, properties: MirrorOptions['properties'] = {}): Promise<void> {
  await using twinlog = await mirror(alias, topic, properties)
  await twinlog.waitUntilCopied(topic)
  await twinlog.stop()
}

function policyOf(alias: string, policy: 'continue' | 'stop'): Record<string, string> {
  return { [`${alias}->us.twinlog.gap.policy`]: policy }
}

test('records deleted at the source while twinlog was stopped are a gap: said, and then copied on behind it, or stopped at', async () => {
  await createTopics(source, { name: 'deleted', partitions: 2 })
  await write('deleted', 0, 100)
  await copyAll('go-on', 'deleted')
  await copyAll('halt', 'deleted', policyOf('halt', 'stop'))
  await write('deleted', 100, 200)
  await deleteRecords(source, 'deleted', { 0: 250 })
  {
    await using twinlog = await mirror('go-on', 'deleted')
    const gap = await twinlog.waitForEvent('GapFound')
    assert.deepEqual(
      [gap.topic, gap.partition, gap.fromOffset, gap.toOffset, gap.reason],
      ['deleted', 0, 100, 250, 'removed before it was copied'],
    )
    await twinlog.waitUntilCopied('deleted', { counts: { 0: 150 } })
    assert.deepEqual(await valuesAt('go-on.deleted'), [...range(0, 100), ...range(250, 50)])
    await twinlog.stop()
  }
  {
    // Said once: the position is behind the gap now.
    await using twinlog = await mirror('go-on', 'deleted')
    await write('deleted', 300, 10)
    await twinlog.waitUntilCopied('deleted', { counts: { 0: 160 } })
    assert.deepEqual(twinlog.eventsOf('GapFound'), [])
    await twinlog.stop()
  }
  await using twinlog = await mirror('halt', 'deleted', policyOf('halt', 'stop'))
  const { msg } = await twinlog.waitForEvent('PartitionStopped')
  assert.match(msg, /deleted partition 0 .* from upstream offset 100 to 250 .*twinlog\.gap\.policy is stop/)
  await write('deleted', 0, 10, 1)
  await twinlog.waitUntilCopied('deleted', { counts: { 1: 10 } })
  assert.deepEqual(await valuesAt('halt.deleted'), range(0, 100))
  await twinlog.stop()
})

test('records deleted at the source under a reader that stood still are a gap, and nothing is copied twice', async () => {
  await createTopics(source, { name: 'overtaken' })
  await write('overtaken', 0, 50)
  await using twinlog = await mirror('slow', 'overtaken')
  await twinlog.waitUntilCopied('overtaken')
  twinlog.pause()
  await write('overtaken', 50, 100)
  await deleteRecords(source, 'overtaken', { 0: 130 })
  twinlog.resume()
  // A fetch that was answered before the deletion may have brought the first of them.
  await twinlog.waitForEvent(
    'GapFound',
    ({ toOffset, reason }) => toOffset === 130 && reason === 'removed before it was copied',
  )
  await write('overtaken', 150, 10)
  const [gap] = twinlog.eventsOf('GapFound')
  const from = Number(gap?.fromOffset)
  assert.ok(from >= 50 && from < 130)
  await twinlog.waitUntilCopied('overtaken', { counts: { 0: from + 30 } })
  assert.deepEqual(await valuesAt('slow.overtaken'), [...range(0, from), ...range(130, 30)])
  await twinlog.stop()
})

test('a topic that is deleted and made again while twinlog runs is copied from its start, behind the old records, and said', async () => {
  await createTopics(source, { name: 'reborn' }, { name: 'bystander' })
  await write('reborn', 0, 100)
  await write('bystander', 0, 10)
  await using twinlog = await mirror('run', 'reborn,bystander')
  await twinlog.waitUntilCopied('reborn')
  await deleteTopics(source, 'reborn')
  await createTopics(source, { name: 'reborn' })
  await write('reborn', 1_000, 50)
  await twinlog.waitUntilCopied('reborn', { counts: { 0: 150 } })
  assert.deepEqual(await valuesAt('run.reborn'), [...range(0, 100), ...range(1_000, 50)])
  const gap = await twinlog.waitForEvent('GapFound')
  assert.deepEqual([gap.topic, gap.fromOffset, gap.reason], ['reborn', 100, 'topic recreated'])
  // The parts of twinlog learn of the new topic in an order that differs from time to time: none of the orders leaves it uncopied.
  for (let round = 1; round <= RECREATIONS; round++) {
    await deleteTopics(source, 'reborn')
    await createTopics(source, { name: 'reborn' })
    await write('reborn', 2_000 + round, 1)
    await twinlog.waitUntilCopied('reborn', { counts: { 0: 150 + round } })
  }
  await write('bystander', 10, 10)
  await twinlog.waitUntilCopied('bystander')
  await twinlog.stop()
})

test('a topic that was deleted and made again while twinlog was stopped is copied from its start, or held back if the policy is stop', async () => {
  await createTopics(source, { name: 'reborn-later' })
  await write('reborn-later', 0, 100)
  await copyAll('later', 'reborn-later')
  await copyAll('later-halt', 'reborn-later', policyOf('later-halt', 'stop'))
  await deleteTopics(source, 'reborn-later')
  await createTopics(source, { name: 'reborn-later' })
  // More than before: offset and end alone do not tell that it is another topic.
  await write('reborn-later', 1_000, 150)
  await using twinlog = await mirror('later', 'reborn-later')
  await twinlog.waitUntilCopied('reborn-later', { counts: { 0: 250 } })
  assert.deepEqual(await valuesAt('later.reborn-later'), [...range(0, 100), ...range(1_000, 150)])
  assert.equal((await twinlog.waitForEvent('GapFound')).reason, 'topic recreated')
  await twinlog.stop()
  await using halting = await mirror('later-halt', 'reborn-later', policyOf('later-halt', 'stop'))
  await halting.waitForEvent('TopicHeldBack', ({ topic }) => topic === 'reborn-later')
  assert.deepEqual(await valuesAt('later-halt.reborn-later'), range(0, 100))
  await halting.stop()
})

test('partitions and topics that appear while records flow are copied from their start, also with auto.offset.reset=latest', async () => {
  await createTopics(source, { name: 'growing' })
  await write('growing', 0, 20)
  await using twinlog = await mirror('latest', 'growing,born', { 'latest.consumer.auto.offset.reset': 'latest' })
  await twinlog.waitForEvent('PartitionLocated', ({ topic }) => topic === 'growing')
  await write('growing', 20, 10)
  await twinlog.waitUntilCopied('growing', { counts: { 0: 10 } })
  await createPartitions(source, 'growing', 3)
  await createTopics(source, { name: 'born', partitions: 2 })
  await Promise.all([write('growing', 0, 10, 2), write('born', 0, 10, 1), write('growing', 30, 10)])
  await twinlog.waitUntilCopied('growing', { counts: { 0: 20, 1: 0, 2: 10 } })
  await twinlog.waitUntilCopied('born', { counts: { 0: 0, 1: 10 } })
  assert.deepEqual(await valuesAt('latest.growing'), range(20, 20))
  assert.deepEqual(await valuesAt('latest.growing', 2), range(0, 10))
  assert.deepEqual(await valuesAt('latest.born', 1), range(0, 10))
  // The partitions that flowed before were not disturbed.
  assert.deepEqual(twinlog.eventsOf('PartitionRecovering'), [])
  await assertLogsValid(target, 'latest.growing')
  await twinlog.stop()
})

test('a topic that is deleted is given up, its copy stays, and the others go on', async () => {
  await createTopics(source, { name: 'doomed' }, { name: 'survivor' })
  await write('doomed', 0, 20)
  await write('survivor', 0, 10)
  await using twinlog = await mirror('left', 'doomed,survivor')
  await twinlog.waitUntilCopied('doomed')
  await twinlog.waitUntilCopied('survivor')
  await deleteTopics(source, 'doomed')
  await twinlog.waitForEvent('TopicDeleted', ({ topic }) => topic === 'doomed')
  await write('survivor', 10, 10)
  await twinlog.waitUntilCopied('survivor')
  assert.ok((await listTopics(target)).includes('left.doomed'))
  assert.deepEqual(await countOffsets(target, 'left.doomed'), { 0: 20 })
  // All of it was copied: nothing is lost.
  assert.deepEqual(twinlog.eventsOf('GapFound'), [])
  await twinlog.stop()
})

/** The gaps that stand in the ledger topic of a flow, read as records: a compacted topic, so the last of a key counts. */
async function recordedGaps(alias: string): Promise<unknown[][]> {
  const ledgerTopic = `mm2-ledger.${alias}.internal`
  const gaps = new Map<string, Gap>()
  for (const { key, value, offset } of await dumpRecords({ client: target.adminProperties, topic: ledgerTopic })) {
    if (key === null || value === null) continue
    const decoded = decodeLedgerKey({ ledgerTopic, offset, key })
    if (decoded.kind === 'gap') gaps.set(String(key), decodeLedgerGap({ ledgerTopic, offset, key, value }, decoded))
  }
  return [...gaps.values()].map(({ topic, partition, fromOffset, toOffset, reason }) => [
    topic,
    partition,
    fromOffset,
    toOffset,
    reason,
  ])
}

function gapsSaid(twinlog: Mirror): unknown[][] {
  return twinlog
    .eventsOf('GapFound')
    .map(({ topic, partition, fromOffset, toOffset, reason }) => [topic, partition, fromOffset, toOffset, reason])
}

/** Partition 0 holds 20 records, one that the remote topic does not take, and 10 more; all of partition 1 can be copied. */
async function writeUncopiable(alias: string, topic: string): Promise<void> {
  await createTopics(source, { name: topic, partitions: 2 })
  await createTopics(target, { name: `${alias}.${topic}`, partitions: 2, configs: { 'max.message.bytes': '10000' } })
  await write(topic, 0, 20)
  await produceRecords(source.adminProperties, [{ topic, partition: 0, key: 'k', value: 'x'.repeat(20_000) }])
  await write(topic, 20, 10)
  await write(topic, 0, 5, 1)
}

async function waitUntilStuck(twinlog: Mirror, topic: string): Promise<void> {
  await twinlog.waitForEvent('PartitionStopped', (event) => event.topic === topic && event.partition === 0)
  await twinlog.waitUntilCopied(topic, { counts: { 0: 20, 1: 5 } })
}

test('records that were not copied when their topic was deleted are a gap: said, counted, written down, once', async () => {
  await createTopics(source, { name: 'lost-bystander' })
  await writeUncopiable('lost', 'lost')
  const lost = ['lost', 0, 20, 'its end', 'topic deleted']
  {
    await using twinlog = await mirror('lost', 'lost,lost-bystander')
    await waitUntilStuck(twinlog, 'lost')
    await deleteTopics(source, 'lost')
    await twinlog.waitForEvent('TopicDeleted')
    await twinlog.waitForStatus((status) => sumOverFlows(status, 'gapsTotal') === 1)
    assert.deepEqual(gapsSaid(twinlog), [lost])
    await write('lost-bystander', 0, 10)
    await twinlog.waitUntilCopied('lost-bystander')
    await twinlog.stop()
  }
  assert.deepEqual(await recordedGaps('lost'), [['lost', 0, 20, null, 'topic deleted']])
  await using twinlog = await mirror('lost', 'lost,lost-bystander')
  await write('lost-bystander', 10, 10)
  await twinlog.waitUntilCopied('lost-bystander')
  // Of partition 1 it was not written down, because nothing was lost; who was not there when the topic went cannot know that.
  assert.deepEqual(gapsSaid(twinlog), [['lost', 1, 5, 'its end', 'topic deleted']])
  await twinlog.stop()
})

test('records that nobody heard of, because the reader stood still until their topic was deleted, are a gap', async () => {
  await createTopics(source, { name: 'unheard' }, { name: 'unheard-bystander' })
  await write('unheard', 0, 20)
  await using twinlog = await mirror('unheard', 'unheard.*')
  await twinlog.waitUntilCopied('unheard')
  twinlog.pause()
  await write('unheard', 20, 100)
  await deleteTopics(source, 'unheard')
  // Longer than it would take a reader to hear of them.
  await sleep(4_000)
  twinlog.resume()
  const gap = await twinlog.waitForEvent('GapFound')
  // A fetch that was answered before the deletion may have brought the first of them.
  assert.deepEqual([gap.topic, gap.partition, gap.toOffset, gap.reason], ['unheard', 0, 'its end', 'topic deleted'])
  assert.ok(Number(gap.fromOffset) >= 20 && Number(gap.fromOffset) < 120, String(gap.fromOffset))
  const { 0: copied = 0 } = await countOffsets(target, 'unheard.unheard')
  assert.ok(copied >= Number(gap.fromOffset) && copied < 120, String(copied))
  await write('unheard-bystander', 0, 10)
  await twinlog.waitUntilCopied('unheard-bystander')
  await twinlog.stop()
})

for (const policy of ['continue', 'stop'] as const) {
  test(`records that were not copied when their topic was deleted and made again are a gap (policy ${policy})`, async () => {
    const topic = `anew-${policy}`
    const topics = `${topic},${topic}-bystander`
    await createTopics(source, { name: `${topic}-bystander` })
    await writeUncopiable(policy, topic)
    const recreated = [0, 1].map((partition) => [topic, partition, [20, 5][partition], 'topic recreated'])
    {
      await using twinlog = await mirror(policy, topics, policyOf(policy, policy))
      await waitUntilStuck(twinlog, topic)
      await deleteTopics(source, topic)
      await createTopics(source, { name: topic, partitions: 2 })
      await write(topic, 1_000, 10)
      await twinlog.waitForStatus((status) => sumOverFlows(status, 'gapsTotal') === 2)
      if (policy === 'stop') await twinlog.waitForEvent('TopicHeldBack', (event) => event.topic === topic)
      else await twinlog.waitUntilCopied(topic, { counts: { 0: 30, 1: 5 } })
      await write(`${topic}-bystander`, 0, 10)
      await twinlog.waitUntilCopied(`${topic}-bystander`)
      await twinlog.stop()
    }
    const held = policy === 'stop' ? [] : range(1_000, 10)
    assert.deepEqual(await valuesAt(`${policy}.${topic}`), [...range(0, 20), ...held])
    const recorded = (await recordedGaps(policy)).map(([name, partition, from, , reason]) => [
      name,
      partition,
      from,
      reason,
    ])
    assert.deepEqual(recorded, recreated)
    if (policy === 'continue') return
    // Held back until a human decides, also by the next process; then it is copied.
    {
      await using twinlog = await mirror(policy, topics, policyOf(policy, 'stop'))
      await twinlog.waitForEvent('TopicHeldBack', (event) => event.topic === topic)
      await twinlog.stop()
    }
    await using twinlog = await mirror(policy, topics)
    await twinlog.waitUntilCopied(topic, { counts: { 0: 30, 1: 5 } })
    assert.deepEqual(await valuesAt(`${policy}.${topic}`), [...range(0, 20), ...range(1_000, 10)])
    await twinlog.stop()
  })
}

test('without a stored position and with auto.offset.reset=none a partition stops and says what to do', async () => {
  await createTopics(source, { name: 'unknown' })
  await write('unknown', 0, 10)
  await using twinlog = await mirror('none', 'unknown', { 'none.consumer.auto.offset.reset': 'none' })
  const { msg } = await twinlog.waitForEvent('PartitionStopped')
  assert.match(msg, /no stored position for unknown partition 0.*earliest or latest/)
  assert.deepEqual(await countOffsets(target, 'none.unknown'), { 0: 0 })
  await twinlog.stop()
})
