import type { Continuation } from './continuation.ts'
import type { LaneContext } from './lane-context.ts'
import type { LaneTransactions } from './lane-transactions.ts'
import type { Locator } from './locator.ts'
import type { MirroredPartition } from './mirrored-partition.ts'
import { TransactionLocator } from './transaction-locator.ts'
import type { TransactionLocatorDependencies } from './transaction-locator.ts'

type OnLocated = (partition: MirroredPartition, remark: Continuation['remark']) => void

/** Where the partitions of a lane go on that writes in transactions. */
export function createTransactionLocator(
  { deps, onDefect }: LaneContext,
  transactions: LaneTransactions,
  lane: Pick<TransactionLocatorDependencies, 'targetSettings' | 'signal' | 'onLocated'> & {
    /** Makes the locator that asks the target. */
    first(onFound: OnLocated): Locator
  },
): TransactionLocator {
  const { first, ...rest } = lane
  const locator: TransactionLocator = new TransactionLocator({
    ...rest,
    first: first((partition, remark) => locator.found(partition, remark)),
    ledger: deps.ledger,
    clock: deps.clock,
    store: (partitions) => transactions.store(partitions),
    isMember: (partition) => transactions.isMember(partition),
    onDefect,
  })
  return locator
}
