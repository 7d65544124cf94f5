import type { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { TransactionalProducer } from '../kafka/transactions.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { EventFields } from '../observe/event.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import type { TransactionLedger } from './transaction-ledger.ts'
import type { TransactionPorts } from './transaction-ports.ts'

/** What the transactions of a lane are given. */
export interface LaneTransactionsDependencies {
  readonly ports: TransactionPorts
  readonly producer: TransactionalProducer
  readonly runs: Pick<TransactionLedger, 'committed' | 'forget' | 'finish'>
  readonly clock: Clock
  /** A transaction is ended when it has lasted for so long or written so much. */
  readonly intervalMs: number
  readonly bytesMax: number
  /** So long it may last where ending it takes its time. */
  readonly longestMs: number
  /** It is ended earlier when there is nothing left to write. */
  readonly isEndedEarly: boolean
  /** How often positions are stored that moved although nothing was written. */
  readonly idlePositionsMs: number
  readonly signal: AbortSignal
  say(name: EventName, fields: EventFields): void
  /** There may be something to send of these now. */
  pump(partitions: readonly MirroredPartition[]): void
  /** What the partition wrote in the transaction counts no more: it goes back to where the transaction began. */
  rewind(partition: MirroredPartition): void
  fail(partition: MirroredPartition, reason: string): void
  refuse(partition: MirroredPartition, error: TwinlogError): void
  /** The lane cannot go on. */
  giveUp(error: unknown): void
}
