import { KafkaTransactionPorts } from './kafka-transaction-ports.ts'
import type { LaneContext } from './lane-context.ts'
import { LaneTransactions } from './lane-transactions.ts'
import type { PartitionKeeper } from './partition-keeper.ts'
import { TransactionLedger } from './transaction-ledger.ts'
import type { WriteSide } from './write-side.ts'

/** The transactions that a lane writes in; null where none are asked for. */
export function createLaneTransactions(
  { plan, deps, say, onDefect }: LaneContext,
  writeSide: WriteSide,
  keeper: () => PartitionKeeper,
): LaneTransactions | null {
  const { transactional, clock, target, ledger } = deps
  if (transactional === null) return null
  const { intervalMs, longestMs, bytesMax, isEndedEarly } = plan.transactions
  return new LaneTransactions({
    ports: new KafkaTransactionPorts(target, transactional),
    producer: transactional.producer,
    runs: new TransactionLedger({ ledger, clock, signal: writeSide.signal, onDefect }),
    clock,
    intervalMs,
    bytesMax,
    longestMs,
    isEndedEarly,
    idlePositionsMs: plan.positions.flushIntervalMs,
    signal: writeSide.signal,
    say,
    pump: (partitions) => writeSide.pump(partitions),
    rewind: (partition) => keeper().rewind(partition),
    fail: (partition, reason) => keeper().fail(partition, reason),
    refuse: (partition, error) => keeper().refuse(partition, error),
    giveUp: onDefect,
  })
}
