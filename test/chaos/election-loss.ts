import assert from 'node:assert/strict'
import { createTopics, electLeaders, waitForTopic } from '../../dev/kafka/admin.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { assertSameRecords, reconcile } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { startRecords } from '../support/record-stream.ts'
import type { RecordStream } from '../support/record-stream.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { ChaosClusters, Side } from './chaos-clusters.ts'
import type { ChaosLog } from './chaos-log.ts'
import { waitUntilCaughtUp } from './retention-loss.ts'
import { readSaidGaps } from './said-gaps.ts'

interface Surroundings {
  readonly random: SeededRandom
  readonly log: ChaosLog
}

/** Records may be lost here: one replica is enough for an acknowledgement. */
const CONFIGS = { 'min.insync.replicas': '1' }

/**
 * The source elects a leader that lacks what was acknowledged. The copy holds all that the source has now, once and in order; what it holds beyond that are exactly the
 * records of the gaps that were said: copied before the source lost them.
 */
export async function uncleanAtSource(
  { source, target }: ChaosClusters,
  alias: string,
  surroundings: Surroundings,
): Promise<void> {
  const topic = `${alias}.cut-off`
  const replicas = await pair(source, topic, surroundings)
  await using twinlog = await startMirror({ source, target, alias, topics: topic, windows: {} })
  {
    await using stream = write(source, topic, 0)
    await twinlog.waitUntilGrown(topic, 100)
    await loseFollower(source, topic, replicas)
    await twinlog.waitUntilGrown(topic, 200)
    await stream.stop()
  }
  await electFollower(source, topic, replicas)
  {
    await using stream = write(source, topic, 1_000_000)
    await twinlog.waitUntilGrown(topic, 200)
    await source.broker(replicas[0]).start()
    await twinlog.waitUntilGrown(topic, 200)
    await stream.stop()
  }
  await waitUntilCaughtUp(twinlog)
  const gaps = await readSaidGaps(target, alias)
  const said = gaps.reduce((sum, { fromOffset, toOffset }) => sum + toOffset - fromOffset, 0)
  const { missing, duplicated, reordered, foreign } = await reconcile(source, target, topic, twinlog.remote(topic))
  assert.deepEqual(
    { missing, duplicated, reordered, foreign },
    { missing: 0, duplicated: 0, reordered: 0, foreign: said },
  )
  surroundings.log.say(`the source lost ${said} records that were copied before, and ${gaps.length} gaps say so`)
  await end(twinlog, surroundings)
}

/** The target elects a leader that lacks what it had acknowledged: twinlog says so, and copies it again. In the end both sides are equal. */
export async function uncleanAtTarget(
  { source, target }: ChaosClusters,
  alias: string,
  surroundings: Surroundings,
): Promise<void> {
  const topic = `${alias}.again`
  const remote = `${alias}.${topic}`
  await createTopics(source, { name: topic, partitions: 1, replicationFactor: 3 })
  const replicas = await pair(target, remote, surroundings)
  await using twinlog = await startMirror({ source, target, alias, topics: topic, windows: {} })
  await using stream = write(source, topic, 0)
  await twinlog.waitUntilGrown(topic, 100)
  await loseFollower(target, remote, replicas)
  await twinlog.waitUntilGrown(topic, 200)
  await electFollower(target, remote, replicas)
  await twinlog.waitForEvent('TargetRecordsLost', (event) => event.topic === topic)
  await twinlog.waitUntilGrown(topic, 200)
  await target.broker(replicas[0]).start()
  await twinlog.waitUntilGrown(topic, 200)
  await stream.stop()
  await waitUntilCaughtUp(twinlog)
  const count = await assertSameRecords(source, target, topic, remote)
  surroundings.log.say(`the target lost acknowledged records, and holds all ${count} again`)
  await end(twinlog, surroundings)
}

type Pair = readonly [leader: number, follower: number]

/** A topic of one partition on two brokers. */
async function pair(cluster: KafkaCluster, name: string, { random, log }: Surroundings): Promise<Pair> {
  const [leader, follower] = random.shuffle(cluster.brokers.map(({ id }) => id))
  assert.ok(leader !== undefined && follower !== undefined)
  await createTopics(cluster, { name, assignments: { 0: [leader, follower] }, configs: CONFIGS })
  await waitForTopic(cluster, name, ({ partitions }) => partitions[0]?.isr.length === 2)
  log.say(`${name} is on brokers ${leader} and ${follower}`)
  return [leader, follower]
}

function write(source: KafkaCluster, topic: string, firstSequence: number): RecordStream {
  const options = { topic, partitions: 1, recordsPerSecond: 300, valueBytes: 200, firstSequence }
  return startRecords(source, options, { 'linger.ms': '5', acks: '1', 'enable.idempotence': 'false' })
}

async function loseFollower(cluster: KafkaCluster, topic: string, [, follower]: Pair): Promise<void> {
  await cluster.broker(follower).kill()
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[0]?.isr.length === 1)
}

async function electFollower(cluster: KafkaCluster, topic: string, [leader, follower]: Pair): Promise<void> {
  await cluster.broker(leader).kill()
  await cluster.broker(follower).start()
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[0]?.leader === -1)
  await electLeaders(cluster, topic, [0], true)
  await waitForTopic(cluster, topic, ({ partitions }) => partitions[0]?.leader === follower)
}

/** Whoever looks for doubled records by what twinlog says must not find that it said so. */
async function end(twinlog: Mirror, { log }: Surroundings): Promise<void> {
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  log.tally(twinlog.windows.counts, null)
  await twinlog.stop()
}

export const ELECTIONS: Readonly<Record<Side, typeof uncleanAtSource>> = {
  source: uncleanAtSource,
  target: uncleanAtTarget,
}
