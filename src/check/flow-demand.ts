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
/** Control connections that each client of the source (2) and of the target (5) may open to a broker. */
const SOURCE_CLIENTS = 2
const TARGET_CLIENTS = 5

/** @param brokers   how many the two clusters have */
export function flowDemand(
  { produce, fetch }: Pick<FlowPlan, 'produce' | 'fetch'>,
  partitionsCount: number,
  brokers: { readonly source: number; readonly target: number },
): FlowDemand {
  return {
    bufferBytesMax: produce.bufferMemoryBytes + fetch.fetchMaxBytes,
    partitionBytes: partitionsCount * BYTES_PER_PARTITION,
    // A reader for each broker, and one connection for each client.
    sourceConnections: {
      usual: brokers.source + SOURCE_CLIENTS,
      most: brokers.source * (READERS_MAX + SOURCE_CLIENTS),
    },
    // A writer for each broker, and more of them only while partitions are slow.
    targetConnections: {
      usual: brokers.target + TARGET_CLIENTS,
      most: brokers.target * (TARGET_CLIENTS + 1 + SLOW_WRITERS_MAX),
    },
  }
}
