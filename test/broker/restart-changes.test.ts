import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  alterTopic,
  createAcls,
  createTopics,
  deleteTopics,
  describeTopic,
  listOffsets,
} from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { DumpedRecord } from '../../dev/kafka/records.ts'
import { FencingProducer } from '../../src/kafka/fencing-producer.ts'
import { CLEANED_AT_ONCE, waitForCleaner } from '../support/compacted-source.ts'
import { CrashScene, keyRange, NO_FLUSH } from '../support/crash-scene.ts'
import { assertExactlyOnceInOrder, assertLogsValid } from '../support/judge.ts'
import { longTest } from '../support/long-test.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { produceTransactions } from '../support/record-stream.ts'
import { storedOffsets } from '../support/stored-offsets.ts'
import { connectTo, producersOf, seedLedger } from '../support/stray-batch.ts'

const options = { signal: AbortSignal.timeout(900_000) }
/** A target that forgets producers almost at once, as others do after a day: by the timestamps of the records. */
const FORGETFUL = { 'producer.id.expiration.ms': '1500', 'producer.id.expiration.check.interval.ms': '200' }

let scene: CrashScene

before(async () => {
  scene = await CrashScene.start(FORGETFUL)
})

after(() => scene[Symbol.asyncDispose]())

test('sequences wrap at 2^31: a partition goes on across the end, is killed there, and goes on', async () => {
  await createTopics(scene.source, { name: 'wrapping' })
  // The source is the target, too: a broker that remembers can be asked for the sequence.
  await using near = connectTo(scene.source)
  await near.waitUntilReachable(options)
  const start = (): Promise<Mirror> => {
    return startMirror({
      source: scene.source,
      target: scene.source,
      alias: 'wrap',
      topics: 'wrapping',
      properties: NO_FLUSH,
    })
  }
  await createTopics(scene.source, { name: 'wrap.wrapping' })
  await scene.write('wrapping', 0, 10)
  // A ledger as after two billion records, of which the target has kept none.
  const [{ topicId: sourceTopicId }, { topicId: targetTopicId }] = await Promise.all([
    describeTopic(scene.source, 'wrapping'),
    describeTopic(scene.source, 'wrap.wrapping'),
  ])
  const identity = (await new FencingProducer(near, 'wrap-mm2-wrap-twinlog-data').take(options)) ?? assert.fail()
  await seedLedger(near, 'wrap', {
    ...{
      topic: 'wrapping',
      partition: 0,
      replaces: true,
      runs: [{ upstream: 0, sequence: 2 ** 31 - 105, downstream: 0 }],
    },
    identity: {
      ...identity,
      ...{ firstSequence: 0, sourceLeaderEpoch: -1 },
      sourceTopicId: uuidOf(sourceTopicId),
      targetTopicId: uuidOf(targetTopicId),
    },
  })
  {
    await using twinlog = await start()
    await twinlog.waitUntilCopied('wrapping')
    const [producer] = await producersOf(near, 'wrap.wrapping')
    assert.equal(producer?.lastSequence, 2 ** 31 - 96, 'it begins near the end')
    await scene.write('wrapping', 10, 200)
    await twinlog.waitUntilCopied('wrapping')
    assert.equal((await producersOf(near, 'wrap.wrapping'))[0]?.lastSequence, 104)
    await twinlog.kill()
  }
  await scene.write('wrapping', 210, 50)
  await using twinlog = await start()
  await twinlog.waitUntilCopied('wrapping')
  await assertExactlyOnceInOrder(scene.source, scene.source, 'wrapping', 'wrap.wrapping')
  await assertLogsValid(scene.source, 'wrap.wrapping')
  assert.deepEqual(twinlog.eventsOf('PartitionFenced'), [])
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  await twinlog.stop()
})

for (const [before, after] of [
  ['read_uncommitted', 'read_committed'],
  ['read_committed', 'read_uncommitted'],
] as const) {
  test(`killed with isolation level ${before} and started with ${after} nothing is lost, repeated or put in the place of other records`, async () => {
    const alias = `to-${after.replace('_', '-')}`
    const topic = `levels-${alias}`
    await createTopics(scene.source, { name: topic })
    const client = scene.source.adminProperties
    const level = (isolation: string): Record<string, string> => ({ [`${alias}.consumer.isolation.level`]: isolation })
    await produceTransactions(scene.source, { topic, partitions: 1, count: 60, id: `${topic}-a` })
    const first = await dumpRecords({ client, topic, isolation: before })
    {
      await using twinlog = await scene.mirror(alias, topic, level(before))
      // Aborted records are copied with read_uncommitted.
      await scene.untilKeys(`${alias}.${topic}`, keysOf(first))
      await twinlog.kill()
    }
    const fromOffset = (await listOffsets(scene.source, topic))[0]?.latest ?? 0
    await produceTransactions(scene.source, { topic, partitions: 1, count: 60, id: `${topic}-b` })
    const second = await dumpRecords({ client, topic, isolation: after, fromOffset })
    await using twinlog = await scene.mirror(alias, topic, level(after))
    await scene.untilKeys(`${alias}.${topic}`, [...keysOf(first), ...keysOf(second)])
    assert.deepEqual(namesOf(twinlog, 'DuplicatesPossible'), [])
    await twinlog.stop()
  })
}

longTest(
  'with other topic filters after a crash the topics that are still wanted go on, and the others go on when they are wanted again',
  async () => {
    for (const topic of ['wanted', 'dropped']) await createTopics(scene.source, { name: topic })
    let written = 0
    const writeBoth = async (): Promise<void> => {
      for (const topic of ['wanted', 'dropped']) await scene.write(topic, written, 50)
      written += 50
    }
    await writeBoth()
    {
      await using twinlog = await scene.mirror('filter', 'wanted,dropped')
      for (const topic of ['wanted', 'dropped']) await twinlog.waitUntilCopied(topic)
      await twinlog.kill()
    }
    await writeBoth()
    const narrow = [
      { topics: 'wanted', properties: {} },
      { topics: '.*', properties: { 'filter->us.topics.exclude': 'drop.*,.*[.].*' } },
    ]
    for (const { topics, properties } of narrow) {
      await using twinlog = await scene.mirror('filter', topics, properties)
      await twinlog.waitUntilCopied('wanted')
      await scene.untilKeys('filter.wanted', keyRange(0, written))
      assert.deepEqual(await scene.keysAt('filter.dropped'), keyRange(0, 50))
      await twinlog.kill()
      await writeBoth()
    }
    await using twinlog = await scene.mirror('filter', 'wanted,dropped')
    for (const topic of ['wanted', 'dropped']) await scene.untilKeys(`filter.${topic}`, keyRange(0, written))
    assert.deepEqual(namesOf(twinlog, 'DuplicatesPossible', 'GapFound'), [])
    await twinlog.stop()
  },
)

longTest(
  'killed with a stored position that is a minute old, as it is by default, it repeats and loses nothing',
  async (context) => {
    const MINUTE_MS = 60_000
    await createTopics(scene.source, { name: 'minute', partitions: 2 })
    const byDefault = { 'us.offset.flush.interval.ms': String(MINUTE_MS) }
    await using stream = scene.stream('minute')
    const old = await (async () => {
      await using twinlog = await scene.mirror('minute', 'minute', byDefault)
      while (Object.keys(await storedOffsets(scene.target, 'minute')).length < 2) await sleep(200)
      const storedAtMs = performance.now()
      const stored = await storedOffsets(scene.target, 'minute')
      await sleep(MINUTE_MS - 2_000)
      await twinlog.kill()
      assert.deepEqual(
        await storedOffsets(scene.target, 'minute'),
        stored,
        'it was killed before they were stored again',
      )
      context.diagnostic(`killed ${Math.round(performance.now() - storedAtMs)} ms after positions were stored`)
      return stored
    })()
    assert.ok(
      Number(old['minute-0']) + 20_000 < (await scene.endOf('minute.minute')),
      'a minute of records lies behind it',
    )
    await using twinlog = await scene.mirror('minute', 'minute', byDefault)
    await twinlog.waitUntilGrown('minute', 500)
    await stream.stop()
    await scene.assertCopied(twinlog, 'minute')
    assert.deepEqual(namesOf(twinlog, 'DuplicatesPossible', 'TargetRecordsLost'), [])
    await twinlog.stop()
  },
)

longTest(
  'a source that was compacted between crash and restart: what is left of it is copied once, and in order',
  async () => {
    await createTopics(scene.source, { name: 'cleaned' })
    // Not compacted itself.
    await createTopics(scene.target, { name: 'clean.cleaned' })
    // One record a batch: whole batches go.
    const keys = ['a', 'b', 'c', 'a', 'b', 'd']
    const write = (first: number): Promise<unknown> =>
      produceRecords(
        scene.source.adminProperties,
        keys.flatMap((key, index) => [
          { topic: 'cleaned', partition: 0, key, value: `${first + index}` },
          'flush' as const,
        ]),
      )
    await write(0)
    {
      await using twinlog = await scene.mirror('clean', 'cleaned')
      await twinlog.waitUntilCopied('cleaned', { counts: { 0: keys.length } })
      await twinlog.kill()
    }
    const copied = await valuesAt(scene.target, 'clean.cleaned')
    await alterTopic(scene.source, 'cleaned', CLEANED_AT_ONCE)
    await write(100)
    await sleep(1_000)
    await waitForCleaner(scene.source, 'cleaned', { 0: 4 })
    // Of each key the cleaner left the last record, from before the crash none: between what is copied and what is left lies a hole.
    const left = await valuesAt(scene.source, 'cleaned')
    assert.deepEqual(left.slice(0, 4), ['102', '103', '104', '105'])
    await using twinlog = await scene.mirror('clean', 'cleaned')
    const expected = [...copied, ...left]
    while ((await valuesAt(scene.target, 'clean.cleaned')).length < expected.length) await sleep(200)
    assert.deepEqual(await valuesAt(scene.target, 'clean.cleaned'), expected)
    assert.deepEqual(namesOf(twinlog, 'DuplicatesPossible', 'GapFound'), [])
    await twinlog.stop()
  },
)

test('a remote topic that was deleted, or made again, between crash and restart is begun anew where the positions stand', async () => {
  for (const isMadeAgain of [false, true]) {
    const topic = isMadeAgain ? 'again' : 'gone'
    const flushing = { 'us.offset.flush.interval.ms': '200' }
    await createTopics(scene.source, { name: topic })
    await scene.write(topic, 0, 100)
    {
      await using twinlog = await scene.mirror('dead', topic, flushing)
      await twinlog.waitUntilCopied(topic)
      await sleep(1_500)
      await twinlog.kill()
    }
    await deleteTopics(scene.target, `dead.${topic}`)
    if (isMadeAgain) await createTopics(scene.target, { name: `dead.${topic}` })
    await scene.write(topic, 100, 50)
    await using twinlog = await scene.mirror('dead', topic, flushing)
    await scene.untilKeys(`dead.${topic}`, keyRange(100, 50))
    assert.ok(twinlog.eventsOf('RemoteTopicRecreated').length > 0, twinlog.describe())
    await twinlog.stop()
  }
})

test('somebody else who writes to a remote topic is noticed, counted and shown, and takes nothing from the copy', async () => {
  await createTopics(scene.source, { name: 'shared' })
  await scene.write('shared', 0, 50)
  await using twinlog = await scene.mirror('foreign', 'shared')
  await twinlog.waitUntilCopied('shared')
  await produceRecords(scene.target.adminProperties, [{ topic: 'foreign.shared', partition: 0, key: 'foreign' }])
  await scene.write('shared', 50, 50)
  await scene.untilKeys('foreign.shared', [...keyRange(0, 50), 'foreign', ...keyRange(50, 50)])
  await twinlog.waitForEvent('ForeignWriteFound')
  await twinlog.waitForStatus(({ flows }) => JSON.stringify(flows).includes('"foreignWritesTotal":1'))
  await twinlog.stop()
})

test('without permission for transactional ids the copy goes on under a plain id, says so once, and counts what it could not fence', async () => {
  await using guarded = await startCluster({ authorizer: true, properties: FORGETFUL })
  const all = (resourceType: 'TOPIC' | 'GROUP') => ({ resourceType, name: '*', operation: 'ALL' }) as const
  await createAcls(guarded, all('TOPIC'), all('GROUP'), {
    resourceType: 'CLUSTER',
    name: 'kafka-cluster',
    operation: 'ALL',
  })
  await createTopics(scene.source, { name: 'plain' })
  await scene.write('plain', 0, 100)
  const start = (): Promise<Mirror> => {
    return startMirror({ source: scene.source, target: guarded, alias: 'plain', topics: 'plain', properties: NO_FLUSH })
  }
  await using looker = connectTo(guarded, guarded.bootstrap)
  {
    await using twinlog = await start()
    await twinlog.waitUntilCopied('plain')
    for (const name of ['ProducerUnfenceable', 'StoresUnfenceable']) {
      const { msg } = await twinlog.waitForEvent(name)
      assert.match(
        msg,
        /TRANSACTIONAL_ID_AUTHORIZATION_FAILED.*kafka-acls --add .*--transactional-id plain-mm2-plain-twinlog/,
      )
      assert.equal(twinlog.eventsOf(name).length, 1)
    }
    await twinlog.kill()
  }
  await looker.waitUntilReachable(options)
  while ((await producersOf(looker, 'plain.plain')).length > 0) await sleep(100)
  await scene.write('plain', 100, 50)
  await using twinlog = await start()
  await twinlog.waitUntilCopied('plain')
  await assertExactlyOnceInOrder(scene.source, guarded, 'plain', 'plain.plain')
  await twinlog.waitForEvent('PartitionUnfenced')
  await twinlog.waitForStatus(({ flows }) => JSON.stringify(flows).includes('"unfencedTotal":1'))
  await twinlog.stop()
})

/** Kafka's text form of a topic id as a uuid. */
function uuidOf(topicId: string): string {
  const hex = Buffer.from(topicId, 'base64url').toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function keysOf(records: readonly DumpedRecord[]): string[] {
  return records.map(({ key }) => String(key))
}

async function valuesAt(cluster: KafkaCluster, topic: string): Promise<string[]> {
  const records = await dumpRecords({ client: cluster.adminProperties, topic })
  return records.map(({ value }) => String(value))
}

function namesOf({ events }: Mirror, ...names: readonly string[]): string[] {
  return events.map(({ event }) => event).filter((event) => names.includes(event))
}
