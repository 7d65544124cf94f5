import type { Run } from './run.ts'

/** Whose sequences a partition's batches carry on the target, and between which incarnations of the two topics. */
export interface LedgerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
  /**
   * Our sequence that goes by 0 under this identity: ours run on when the identity changes, so that runs stay one list, while each epoch of a producer id
   * begins at 0 in a partition. A batch carries `sequenceDistance(firstSequence, sequence)`.
   */
  readonly firstSequence: number
  /** Topic ids as uuid text; null where a broker is too old to have them. */
  readonly sourceTopicId: string | null
  readonly targetTopicId: string | null
  /** Leader epoch of the source partition at the last run written; -1 if not known. */
  readonly sourceLeaderEpoch: number
}

/** Producer id of an entry that was written in transactions. */
const IN_TRANSACTIONS = -1n

/**
 * The identity under which a partition is written down that is copied in transactions: its sequences say nothing, its stored position is exact.
 * The run that comes with it says where the copy began in them, for a partition that has no stored position yet.
 */
export function transactionalIdentity(identity: LedgerIdentity): LedgerIdentity {
  return { ...identity, producerId: IN_TRANSACTIONS, producerEpoch: -1, firstSequence: 0, sourceLeaderEpoch: -1 }
}

/** Whether a partition was last copied in transactions. */
export function isTransactional({ producerId }: LedgerIdentity): boolean {
  return producerId === IN_TRANSACTIONS
}

/** What the ledger topic says of one partition: enough to turn the target log's own sequence into an upstream position. */
export interface LedgerEntry extends LedgerIdentity {
  /** Oldest first; never empty. */
  readonly runs: readonly Run[]
  /**
   * Present where `runs` are only the newest: all that there are when it is called, those written since included.
   * @throws LEDGER_RECORD_CORRUPT, LEDGER_RECORD_TOO_NEW, LEDGER_SEGMENT_MISSING
   */
  readonly allRuns?: () => readonly Run[]
  /** Present when they were written under another plan (isolation level): what is read now may be other records. */
  readonly isOtherPlan?: true
}

/** New runs of one partition, to be durable before any of their batches is sent. */
export interface LedgerWrite {
  /** Source topic and partition. */
  readonly topic: string
  readonly partition: number
  readonly identity: LedgerIdentity
  /** True when nothing earlier counts any more: earlier runs are forgotten. False with another identity: sequences run on. */
  readonly replaces: boolean
  readonly runs: readonly Run[]
}

/** The pipeline's only view of the ledger topic. */
export interface LedgerWriter {
  /** Resolves when all are durable on the target (acks=all); one call is one round trip however many there are. */
  write(writes: readonly LedgerWrite[], options: { signal: AbortSignal }): Promise<void>
}
