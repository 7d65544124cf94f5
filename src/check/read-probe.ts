import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import { ArenaPool } from '../kafka/frame-arena.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { PartitionReader } from '../verify/partition-reader.ts'
import { SideConnections } from '../verify/side-connections.ts'
import type { FetchedRecords } from '../verify/record-supply.ts'
import { BatchHeader, readBatchHeader } from '../wire/record-batch.ts'
import type { PartitionBacklog } from './copy-backlog.ts'

/** Partitions that are read at the same time. */
const PARTITIONS_MAX = 8

/** What was read of a source, and in what time. */
export interface ProbedRate {
  readonly bytes: number
  readonly offsets: number
  readonly seconds: number
}

/**
 * Reads for a moment what a flow would read first, as fast as it comes, and throws it away: how fast the source gives it from here. No group is joined, no offset committed.
 * @returns null when there is nothing to read
 * @throws the signal's reason; defects. What a broker refuses ends the reading of its partition
 */
export async function probeReadRate(
  cluster: ClusterClient,
  backlog: readonly PartitionBacklog[],
  { clock, seconds, signal }: { readonly clock: Clock; readonly seconds: number; readonly signal: AbortSignal },
): Promise<ProbedRate | null> {
  const left = ({ from, end }: PartitionBacklog): number => end - from
  const chosen = backlog
    .filter((one) => left(one) > 0)
    .toSorted((one, other) => left(other) - left(one))
    .slice(0, PARTITIONS_MAX)
  if (chosen.length === 0 || seconds === 0) return null
  await using connections = new SideConnections(cluster, new ArenaPool())
  const tally = { bytes: 0, offsets: 0 }
  const startedMs = clock.monotonic()
  const isOver = (): boolean => clock.monotonic() - startedMs >= seconds * 1000
  const readers = chosen.map((one) => readOne(connections, one, { clock, signal, isOver, tally }))
  await Promise.all(readers)
  const elapsed = (clock.monotonic() - startedMs) / 1000
  return tally.bytes === 0 ? null : { ...tally, seconds: Math.max(elapsed, 0.001) }
}

interface ProbeOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly isOver: () => boolean
  readonly tally: { bytes: number; offsets: number }
}

async function readOne(
  connections: SideConnections,
  { topic, partition, from, end }: PartitionBacklog,
  { clock, signal, isOver, tally }: ProbeOptions,
): Promise<void> {
  const range = { topic, partition, from, to: end, isCommittedOnly: false }
  await using reader = new PartitionReader(connections, range, { clock, signal })
  try {
    while (!isOver()) {
      const fetched = await reader.next()
      if (fetched === null) return
      count(fetched, tally)
      fetched.release()
    }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
  }
}

/** The last batch of an answer may be cut: it comes again with the next one. */
function count({ bytes, recordsStart, recordsEnd }: FetchedRecords, tally: ProbeOptions['tally']): void {
  const header = new BatchHeader()
  for (let at = recordsStart; at < recordsEnd; at += header.size) {
    if (readBatchHeader(bytes, at, recordsEnd, header) === 'truncated') break
    tally.bytes += header.size
    tally.offsets += header.lastOffsetDelta + 1
  }
}
