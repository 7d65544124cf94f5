import type { FlowPlan } from '../mirror/flow-plan.ts'

/** What a flow takes of the process that runs it. */
export interface FlowDemand {
  /** Batches that are held at once, at most. */
  readonly bufferBytesMax: number
  /** What is kept of the partitions as long as they are copied. */
  readonly partitionBytes: number
  /** Connections to the source and to the target, usual and at most. */
  readonly sourceConnections: ConnectionCount
  readonly targetConnections: ConnectionCount
}

export interface ConnectionCount {
  readonly usual: number
  readonly most: number
}

/** What the process needs that runs no flow; measured (docs/benchmarks.md). */
export const PROCESS_BYTES = 100 * 1024 * 1024
/** Measured with 10,000 partitions: 372 MB less the process itself. */
const BYTES_PER_PARTITION = 26 * 1024
/** Connections for reading from one broker on a long way (ReadRouter.widen). */
const READERS_MAX = 4
/** Connections that slow partitions of one target broker may share (WriteRouter). */
const SLOW_WRITERS_MAX = 8
/** Clients that a flow has of its source and of its target; the one that writes offset syncs comes on top. */
const SOURCE_CLIENTS = 2
const TARGET_CLIENTS = 5

/** @param brokers   how many the two clusters have */
export function flowDemand(
  { produce, fetch, offsetSyncs }: Pick<FlowPlan, 'produce' | 'fetch' | 'offsetSyncs'>,
  partitionsCount: number,
  brokers: { readonly source: number; readonly target: number },
): FlowDemand {
  const sourceClients = SOURCE_CLIENTS + (offsetSyncs?.location === 'source' ? 1 : 0)
  const targetClients = TARGET_CLIENTS + (offsetSyncs?.location === 'target' ? 1 : 0)
  return {
    bufferBytesMax: produce.bufferMemoryBytes + fetch.fetchMaxBytes,
    partitionBytes: partitionsCount * BYTES_PER_PARTITION,
    sourceConnections: connections(brokers.source, sourceClients, READERS_MAX),
    targetConnections: connections(brokers.target, targetClients, 1 + SLOW_WRITERS_MAX),
  }
}

/** Usual: one with data for each broker, and one for each client. A client may have one for each broker, and the one that it began with. */
function connections(brokersCount: number, clientsCount: number, dataMax: number): ConnectionCount {
  return { usual: brokersCount + clientsCount, most: brokersCount * dataMax + clientsCount * (brokersCount + 1) }
}
