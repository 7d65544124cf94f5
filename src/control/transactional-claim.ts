import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { TransactionalWriter } from '../kafka/transactional-writer.ts'
import { addPartitionsToTransaction, endTransaction, takeTransactionalId } from '../kafka/transactions.ts'
import type { TransactionalProducer } from '../kafka/transactions.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { SOURCE_CONNECTOR_NAME } from '../mirror/source-offset-record.ts'
import { encodeTaskCount, takeTaskCount } from '../mirror/task-count-record.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { FlowClusters } from './flow-clusters.ts'
import { openInternalTopic } from './internal-topic.ts'
import type { CallOptions } from './topic-ports.ts'

/** Fencings under way at the same time. */
const FENCED_AT_ONCE = 16

/**
 * Does what `exactly.once.source.support` asks for before a flow reads its positions.
 * @returns under whom the flow writes in transactions; null: it does not
 */
export async function claimTransactions(
  plan: FlowPlan,
  clusters: FlowClusters,
  observe: Observer<EventName>,
  options: CallOptions,
): Promise<TransactionalProducer | null> {
  if (plan.transactions.support === 'enabled') return claimTransactionalIds(plan, clusters, observe, options)
  if (plan.transactions.support === 'preparing') await claimLeader(plan, clusters.targetWorker, options)
  return null
}

/**
 * Takes over everything under which a flow's records may be written in transactions, as MirrorMaker 2 does before its tasks begin: whoever wrote
 * before is fenced, and what it left open is aborted. In this order:
 *
 * 1. the transactional id of the leader (a MirrorMaker 2 that still is one can no longer write its configuration topic),
 * 2. the ids of all tasks that may be writing: as many as the newest tasks-fencing record says, or the newest configuration,
 * 3. a tasks-fencing record for whoever comes next, in a transaction of the leader.
 *
 * The record holds the number of configured tasks (at least our one). MirrorMaker 2 started again with an unchanged configuration writes no record of
 * its own, so a smaller number would hide its tasks from the next fencing.
 * @returns the producer of task 0, under which the flow writes
 * @throws TRANSACTIONAL_ID_UNAUTHORIZED, TRANSACTION_TIMEOUT_REFUSED, CONFIG_TOPIC_PARTITIONED, TRANSACTION_FENCED (another starts at the same time), INTERNAL_TOPIC_*, KAFKA_*
 * Source: DistributedHerder.doFenceZombieSourceTasks, Worker.fenceZombies, KafkaConfigBackingStore.
 */
async function claimTransactionalIds(
  plan: FlowPlan,
  { targetWorker, targetData }: FlowClusters,
  observe: Observer<EventName>,
  { signal }: CallOptions,
): Promise<TransactionalProducer> {
  const { transactions: settings } = plan
  const leader = await claimLeader(plan, targetWorker, { signal })
  const { topic, replicationFactor, configs } = settings.configTopic
  const log = await openInternalTopic(
    targetWorker,
    { topic, partitionsCount: 1, replicationFactor, configs },
    { signal },
  )
  if (log.partitionCount !== 1) {
    const partitionsCount = log.partitionCount
    throw errors.CONFIG_TOPIC_PARTITIONED({ cluster: targetWorker.alias, topic, partitionsCount })
  }
  let counts = { fenced: 0, configured: 0 }
  await log.read((record) => void (counts = takeTaskCount(counts, SOURCE_CONNECTOR_NAME, record)), { signal })
  const others = Array.from({ length: Math.max(counts.fenced, counts.configured, 1) - 1 }, (_, index) => index + 1)
  for (let start = 0; start < others.length; start += FENCED_AT_ONCE) {
    const group = others.slice(start, start + FENCED_AT_ONCE)
    await Promise.all(group.map((task) => takeTask(plan, targetData, task, { signal })))
  }
  const producer = await takeTask(plan, targetData, 0, { signal })
  await writeTaskCount(targetWorker, leader, topic, Math.max(counts.configured, 1), { signal })
  const transactionalIds = [0, ...others].map((task) => settings.taskTransactionalId(task))
  observe.event('ZombiesFenced', { flow: plan.name, transactionalIds })
  return producer
}

/** Takes over the transactional id of the Connect cluster's leader: all that MirrorMaker 2's `preparing` does where no configuration is written. */
function claimLeader(
  { transactions }: FlowPlan,
  target: ClusterClient,
  { signal }: CallOptions,
): Promise<TransactionalProducer> {
  // What MirrorMaker 2's leader uses: the default of Kafka's producer.
  return take(target, transactions.leaderTransactionalId, 60_000, { signal })
}

/** Takes over the transactional id of a task: what it left open is aborted, or committed if that was decided, when this resolves. */
export function takeTask(
  { transactions }: FlowPlan,
  target: ClusterClient,
  task: number,
  { signal }: CallOptions,
): Promise<TransactionalProducer> {
  return take(target, transactions.taskTransactionalId(task), transactions.timeoutMs, { signal })
}

async function take(
  target: ClusterClient,
  transactionalId: string,
  transactionTimeoutMs: number,
  { signal }: CallOptions,
): Promise<TransactionalProducer> {
  try {
    return await takeTransactionalId(target, transactionalId, { signal, transactionTimeoutMs })
  } catch (cause) {
    if (!(cause instanceof TwinlogError)) throw cause
    const cluster = target.alias
    if (cause.code === 'KAFKA_UNAUTHORIZED')
      throw errors.TRANSACTIONAL_ID_UNAUTHORIZED({ cluster, transactionalId, reason: cause.message }, { cause })
    if (cause.parameters['error'] === 'INVALID_TRANSACTION_TIMEOUT')
      throw errors.TRANSACTION_TIMEOUT_REFUSED({ cluster, timeoutMs: transactionTimeoutMs }, { cause })
    throw cause
  }
}

async function writeTaskCount(
  target: ClusterClient,
  leader: TransactionalProducer,
  topic: string,
  tasksCount: number,
  { signal }: CallOptions,
): Promise<void> {
  const { transactionalId } = leader
  try {
    await addPartitionsToTransaction(target, leader, [{ topic, partition: 0 }], { signal })
    const record = { partition: 0, ...encodeTaskCount(SOURCE_CONNECTOR_NAME, tasksCount) }
    await new TransactionalWriter(target, topic).write(leader, [record], { signal })
    await endTransaction(target, leader, 'commit', { signal })
  } catch (cause) {
    if (!(cause instanceof TwinlogError) || cause.action !== 'fence') throw cause
    throw errors.TRANSACTION_FENCED({ transactionalId, reason: cause.message }, { cause })
  }
}
