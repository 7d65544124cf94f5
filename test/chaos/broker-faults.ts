import { setTimeout as sleep } from 'node:timers/promises'
import { createPartitions, describeTopic, electLeaders, moveReplicas, waitForTopic } from '../../dev/kafka/admin.ts'
import type { PartitionDescription } from '../../dev/kafka/admin.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import type { Side } from './chaos-clusters.ts'
import type { ChaosWorld } from './chaos-world.ts'
import type { Fault } from './fault.ts'

/** A KRaft controller misses a broker after this (broker.session.timeout.ms of the kit), and moves its leaders. */
const SESSION_MS = 5_000
const IN_SYNC_MS = 120_000
const NEW_PARTITION_RECORDS = 20

/** Kill -9 of a broker that leads something, and its return after a while. */
export function brokerKilled(side: Side): Fault {
  return {
    name: `kill -9 of a broker of the ${side}`,
    apply: (world) =>
      withBroker(world, side, 'broker killed', async (broker) => {
        await broker.kill()
        await sleep(world.random.between(0, SESSION_MS + 3_000))
        await broker.start()
      }),
  }
}

/** An orderly restart: leaders move away first. */
export function brokerRestarted(side: Side): Fault {
  return {
    name: `an orderly restart of a broker of the ${side}`,
    apply: (world) => withBroker(world, side, 'broker restarted', restart),
  }
}

/** Stops it in order and starts it again. */
export async function restart(broker: Broker): Promise<void> {
  await broker.stop()
  await broker.start()
}

/** A broker stands still, for less or more than its session lasts. */
export function brokerPaused(side: Side): Fault {
  return {
    name: `SIGSTOP of a broker of the ${side}`,
    apply: (world) =>
      withBroker(world, side, 'broker paused', async (broker) => {
        broker.pause()
        await sleep(world.random.between(500, 2 * SESSION_MS))
        broker.resume()
      }),
  }
}

/** The leader of a partition becomes another, by a new order of its replicas. */
export function leaderMoved(side: Side): Fault {
  return {
    name: `leaders of the ${side} move`,
    async apply(world) {
      await moveLeaders(world, side)
      await world.waitUntilCopying()
    },
  }
}

/** Only the move. */
export async function moveLeaders(world: ChaosWorld, side: Side): Promise<void> {
  for (const topic of world.random.shuffle(world.load.all).slice(0, 2)) {
    await moveLeader(world, side, world.topicAt(side, topic))
  }
}

/** The source topic gets one partition more, with records in it. */
export const partitionAdded: Fault = {
  name: 'a partition is added at the source',
  async apply(world) {
    const topic = world.load.topics.plain
    const source = world.cluster('source')
    const { partitions } = await describeTopic(source, topic)
    const partition = partitions.length
    await createPartitions(source, topic, partition + 1)
    await waitForTopic(source, topic, (now) => (now.partitions[partition]?.leader ?? -1) >= 0)
    const keys = Array.from({ length: NEW_PARTITION_RECORDS }, (_, index) => String(index))
    await produceRecords(
      source.adminProperties,
      keys.map((key) => ({ topic, partition, key, value: 'of a new partition' })),
    )
    await world.waitUntilCopying()
  },
}

type Broker = ReturnType<ChaosWorld['cluster']>['brokers'][number]

async function withBroker(
  world: ChaosWorld,
  side: Side,
  what: string,
  disturb: (broker: Broker) => Promise<void>,
): Promise<void> {
  const replicas = await replicasOf(world, side)
  const broker = world.random.pick(world.cluster(side).brokers)
  const affected = world.load.plainPartitions.filter((partition) => replicas[partition]?.includes(broker.id))
  const unaffected = world.load.plainPartitions.filter((partition) => !affected.includes(partition))
  world.log.say(`  broker ${broker.id} of the ${side}, which has partitions ${affected.join(', ') || 'none'}`)
  const beganMs = Date.now()
  await disturb(broker)
  const returnedMs = Date.now()
  const copyingAgainMs = await world.waitUntilCopying(returnedMs)
  const untilMs = Date.now()
  world.log.record({
    fault: `${what} at the ${side}`,
    at: new Date(beganMs).toISOString(),
    copyingAgainMs,
    unaffectedStandstillMs: await world.standstillMs(unaffected, { fromMs: beganMs, untilMs }),
    affectedStandstillMs: await world.standstillMs(affected, { fromMs: beganMs, untilMs }),
  })
  await waitUntilInSync(world, side)
}

/** The next fault of a broker comes only when this one is got over: two at once would be another promise. */
export async function waitUntilInSync(world: ChaosWorld, side: Side): Promise<void> {
  for (const topic of world.load.all) {
    const isInSync = ({ isr, replicas, leader }: PartitionDescription): boolean =>
      leader >= 0 && isr.length === replicas.length
    await waitForTopic(
      world.cluster(side),
      world.topicAt(side, topic),
      ({ partitions }) => partitions.every(isInSync),
      AbortSignal.timeout(IN_SYNC_MS),
    )
  }
}

/** Of each partition of `plain`, the brokers that hold it. */
async function replicasOf(world: ChaosWorld, side: Side): Promise<(readonly number[])[]> {
  const { partitions } = await describeTopic(world.cluster(side), world.topicAt(side, world.load.topics.plain))
  return partitions.map(({ replicas }) => replicas)
}

/** Makes the last replica the first, and the leader. */
async function moveLeader(world: ChaosWorld, side: Side, topic: string): Promise<void> {
  const cluster = world.cluster(side)
  const { partitions } = await describeTopic(cluster, topic)
  const { partition, replicas } = world.random.pick(partitions)
  const moved = [...replicas.slice(-1), ...replicas.slice(0, -1)]
  await moveReplicas(cluster, topic, { [partition]: moved })
  await waitForTopic(cluster, topic, (now) => now.partitions[partition]?.replicas[0] === moved[0])
  const { partitions: now } = await describeTopic(cluster, topic)
  // Kafka calls it an error to elect who leads already.
  if (now[partition]?.leader !== moved[0]) await electLeaders(cluster, topic, [partition])
  await waitForTopic(cluster, topic, (now) => now.partitions[partition]?.leader === moved[0])
}
