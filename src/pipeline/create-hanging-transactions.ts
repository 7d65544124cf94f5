import { HangingTransactions } from './hanging-transactions.ts'
import type { KafkaLocatorPorts } from './kafka-locator-ports.ts'
import type { LaneContext } from './lane-context.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** What looks for hanging transactions of the source; null where uncommitted records are read, so that nothing waits for one. */
export function createHangingTransactions(
  { plan, deps, say }: LaneContext,
  ports: KafkaLocatorPorts,
  partitions: () => Iterable<MirroredPartition>,
  signal: AbortSignal,
): HangingTransactions | null {
  if (plan.fetch.isolationLevel !== 'read_committed') return null
  return new HangingTransactions({
    clock: deps.clock,
    hangingMs: plan.transactions.hangingMs,
    partitions,
    openTransactions: (asked) => ports.openTransactions(asked, { signal }),
    transactionalIdOf: (producerId) => ports.sourceTransactionalId(producerId, { signal }),
    say,
  })
}
