import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, generateRecords } from '../../dev/kafka/records.ts'
import { longTest } from '../support/long-test.ts'
import { assertExactlyOnceInOrder, reconcile } from '../support/judge.ts'
import { SINGLE_REPLICA, startMirrorMaker } from '../support/mirror-maker.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'
import { startRecords } from '../support/record-stream.ts'
import { until } from '../support/until.ts'

const committed = { targetIsolation: 'read_committed' } as const

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster()])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function optionsOf(alias: string) {
  const properties = {
    ...SINGLE_REPLICA,
    'us.exactly.once.source.support': 'enabled',
    [`${alias}.consumer.isolation.level`]: 'read_committed',
    // MirrorMaker 2 commits between polls: with whole batches in each, its positions are ends of batches.
    [`${alias}.consumer.max.poll.records`]: '100000',
    'tasks.max': '2',
    // With emit.offset-syncs.enabled=false MirrorMaker 2 refuses its own offset-syncs.topic.replication.factor.
    'emit.offset-syncs.enabled': 'true',
    'us.session.timeout.ms': '6000',
    'us.heartbeat.interval.ms': '2000',
  }
  return { source, target, alias, topics: alias, properties }
}

/** Records of the copy that a reader of committed records finds. */
async function committedCount(alias: string): Promise<number> {
  return reconcile(source, target, alias, `${alias}.${alias}`, committed).then(
    (found) => found.target,
    () => 0,
  )
}

async function configRecords(alias: string): Promise<Record<string, string | null>> {
  const records = await dumpRecords({ client: target.adminProperties, topic: `mm2-configs.${alias}.internal` })
  return Object.fromEntries(records.map(({ key, value }) => [String(key), value === null ? null : String(value)]))
}

test(
  'MirrorMaker 2 with exactly-once hands over to twinlog and back, and nothing is lost or there twice',
  { timeout: 400_000 },
  async () => {
    const alias = 'handed'
    const options = optionsOf(alias)
    await createTopics(source, { name: alias, partitions: 2 })
    const write = (firstSequence: number) =>
      generateRecords(source.adminProperties, { topic: alias, partitions: 2, count: 100, firstSequence })
    const copied = (count: number, describe: () => string) =>
      until(`${count} committed records`, async () => (await committedCount(alias)) >= count, describe)

    await write(0)
    {
      await using mirrorMaker = await startMirrorMaker(source.installation, mirrorProperties(options))
      await copied(100, () => mirrorMaker.log())
      await mirrorMaker.stop()
    }
    const byMirrorMaker = (await configRecords(alias))['tasks-fencing-MirrorSourceConnector']
    assert.equal(byMirrorMaker, '{"task-count":2}')

    await write(50)
    {
      await using twinlog = await startMirror(options)
      await copied(200, () => twinlog.describe())
      await twinlog.stop()
    }
    // As many as MirrorMaker 2 may start again without a record of its own.
    assert.equal((await configRecords(alias))['tasks-fencing-MirrorSourceConnector'], '{"task-count":2}')

    await write(100)
    {
      await using mirrorMaker = await startMirrorMaker(source.installation, mirrorProperties(options))
      await copied(300, () => mirrorMaker.log())
      await mirrorMaker.stop()
    }
    await write(150)
    await using twinlog = await startMirror(options)
    await copied(400, () => twinlog.describe())
    await twinlog.stop()
    await assertExactlyOnceInOrder(source, target, alias, `${alias}.${alias}`, committed)
  },
)

longTest(
  'a MirrorMaker 2 that wakes up after twinlog took over is fenced, and the other way round',
  { timeout: 500_000 },
  async () => {
    await using resources = new AsyncDisposableStack()
    const alias = 'woken'
    const options = optionsOf(alias)
    await createTopics(source, { name: alias, partitions: 2 })
    await using stream = startRecords(
      source,
      { topic: alias, partitions: 2, recordsPerSecond: 100, valueBytes: 100 },
      { 'linger.ms': '0' },
    )
    const grown = async (count: number, describe: () => string): Promise<void> => {
      const from = await committedCount(alias)
      await until(`${count} more records`, async () => (await committedCount(alias)) >= from + count, describe)
    }
    {
      await using mirrorMaker = await startMirrorMaker(source.installation, mirrorProperties(options))
      await grown(300, () => mirrorMaker.log())
      process.kill(mirrorMaker.pid, 'SIGSTOP')
      await using twinlog = await startMirror(options)
      await grown(300, () => twinlog.describe())
      const { transactionalIds } = await twinlog.waitForEvent('ZombiesFenced')
      assert.deepEqual(transactionalIds, ['woken-mm2-MirrorSourceConnector-0', 'woken-mm2-MirrorSourceConnector-1'])
      process.kill(mirrorMaker.pid, 'SIGCONT')
      await until(
        'MirrorMaker 2 to notice that it is fenced, or not in the group any more',
        () =>
          mirrorMaker.hasEnded || /ProducerFenced|InvalidProducerEpoch|newer producer|fenced/i.test(mirrorMaker.log()),
        () => mirrorMaker.log(),
      )
      await mirrorMaker.kill()
      await grown(300, () => twinlog.describe())
      assert.deepEqual(
        twinlog.eventsOf('FlowFailed').map(({ msg }) => msg),
        [],
      )

      twinlog.pause()
      // The group on the target lets it in when the session of the one that stands still is over.
      let successor = resources.use(await startMirrorMaker(source.installation, mirrorProperties(options)))
      const from = await committedCount(alias)
      await until('MirrorMaker 2 to go on', async () => {
        if (successor.hasEnded)
          successor = resources.use(await startMirrorMaker(source.installation, mirrorProperties(options)))
        return (await committedCount(alias)) >= from + 300
      })
      const seen = twinlog.events.length
      twinlog.resume()
      const noticed = new Set(['FlowFailed', 'OwnershipLost', 'OwnershipRefused'])
      await until(
        'twinlog to notice that another took over',
        () => twinlog.events.slice(seen).some(({ event }) => noticed.has(event)),
        () => twinlog.describe(),
      )
      await twinlog.kill()
      await successor.stop()
    }
    await stream.stop()
    await using last = await startMirror(options)
    await until(
      'all records',
      async () => (await reconcile(source, target, alias, `${alias}.${alias}`, committed)).missing === 0,
      () => last.describe(),
    )
    await assertExactlyOnceInOrder(source, target, alias, `${alias}.${alias}`, committed)
    await last.stop()
  },
)
