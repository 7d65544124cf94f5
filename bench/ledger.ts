/*
 * What the ledger costs, with the real store and codec: `node --expose-gc bench/ledger.ts [--runs 10000000] [--partitions 10000]`. The topic is one in memory that keeps what compaction would
 * keep. Bytes on disk are exact record bytes (varints, key, value) plus a batch header for every record that is left, which is the most that Kafka can need.
 */
import { parseArgs } from 'node:util'
import { LedgerStore } from '../src/control/ledger-store.ts'
import { LEDGER_HISTORY_BYTES_MAX } from '../src/control/ledger-trimmer.ts'
import type { RecordLog } from '../src/control/record-log.ts'
import type { LedgerIdentity } from '../src/mirror/ledger-entry.ts'
import { OffsetMap } from '../src/mirror/offset-map.ts'
import type { Run } from '../src/mirror/run.ts'
import { sequenceAfter } from '../src/mirror/run.ts'
import { MirroredPartition } from '../src/pipeline/mirrored-partition.ts'

const BATCH_HEADER_BYTES = 61
/** Length, attributes, two deltas, key and value lengths, header count. */
const RECORD_BYTES_MAX = 12
const RUNS_PER_APPEND = 5_000
const MIB = 1024 * 1024
const { signal } = new AbortController()
const scope = { sourceClusterId: 'source', targetClusterId: 'target', planHash: 1n }
const identity: LedgerIdentity = {
  producerId: 1n,
  producerEpoch: 0,
  firstSequence: 0,
  sourceTopicId: null,
  targetTopicId: null,
  sourceLeaderEpoch: 0,
}

/** Keeps the newest record of each key, as a compacted topic does in time. */
class CompactedLog implements RecordLog {
  readonly topic = 'mm2-ledger.source.internal'
  readonly cluster = 'target'
  readonly partitionCount = 1
  readonly #records = new Map<string, Buffer>()
  appendedBytes = 0

  get sizeBytes(): number {
    let sizeBytes = 0
    for (const [key, value] of this.#records)
      sizeBytes += BATCH_HEADER_BYTES + RECORD_BYTES_MAX + key.length + value.length
    return sizeBytes
  }

  async read(onRecord: Parameters<RecordLog['read']>[0]): Promise<void> {
    let offset = 0
    for (const [key, value] of this.#records)
      onRecord({ partition: 0, offset: offset++, timestamp: 0, key: Buffer.from(key), value })
  }

  async append(records: Parameters<RecordLog['append']>[0]): Promise<void> {
    for (const { key, value } of records) {
      this.appendedBytes += key.length + (value?.length ?? 0) + RECORD_BYTES_MAX
      this.#records.delete(key.toString())
      if (value !== null) this.#records.set(key.toString(), value)
    }
  }
}

/** @param next   record count of a run, and the hole behind it */
async function fill(
  runsCount: number,
  partitions: number,
  next: () => readonly [number, number],
): Promise<CompactedLog> {
  const log = new CompactedLog()
  const store = await LedgerStore.load(log, scope, { signal })
  const ends = Array.from({ length: partitions }, (): Run => ({ upstream: 0, sequence: 0, downstream: 0 }))
  for (let written = 0, turn = 0; written < runsCount; turn++) {
    const partition = turn % partitions
    const runs: Run[] = []
    let run = ends[partition] ?? { upstream: 0, sequence: 0, downstream: 0 }
    for (let index = 0; index < Math.min(RUNS_PER_APPEND, runsCount / partitions); index++) {
      runs.push(run)
      const [count, hole] = next()
      run = {
        upstream: run.upstream + count + hole,
        sequence: sequenceAfter(run.sequence, count),
        downstream: run.downstream + count,
      }
    }
    ends[partition] = run
    await store.write([{ topic: 'topic', partition, identity, replaces: turn < partitions, runs }], { signal })
    written += runs.length
    // As the flow does every half minute.
    if (turn % 100 === 99) await store.trim([], { signal, maxBytes: LEDGER_HISTORY_BYTES_MAX })
  }
  await store.trim([], { signal, maxBytes: LEDGER_HISTORY_BYTES_MAX })
  return log
}

function memoryMb(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / MIB
}

async function measure(name: string, runsCount: number, partitions: number, next: () => readonly [number, number]) {
  const startedMs = performance.now()
  const log = await fill(runsCount, partitions, next)
  const writtenMs = performance.now()
  const before = memoryMb()
  const loadedMs = performance.now()
  const store = await LedgerStore.load(log, scope, { signal })
  let kept = 0
  for (let partition = 0; partition < partitions; partition++)
    kept += store.find('topic', partition, 'newest')?.runs.length ?? 0
  const loadMs = performance.now() - loadedMs
  const heldMb = memoryMb() - before
  const segments = [...store.withHistory()].reduce((sum, { segmentsCount }) => sum + segmentsCount, 0)
  console.log(
    JSON.stringify({
      name,
      runsCount,
      partitions,
      diskBytesPerRun: Number((log.sizeBytes / runsCount).toFixed(3)),
      diskMb: Number((log.sizeBytes / MIB).toFixed(1)),
      appendedBytesPerRun: Number((log.appendedBytes / runsCount).toFixed(3)),
      segments,
      runsReadAtStart: kept,
      startMs: Math.round(loadMs),
      memoryMb: Number(heldMb.toFixed(1)),
      nsPerRunWritten: Math.round(((writtenMs - startedMs) * 1e6) / runsCount),
    }),
  )
}

/** Data without holes: how often anything is written, and what looking for holes costs. */
function measureHoleFree(records: number): void {
  const target = { timestampType: 'CreateTime', maxMessageBytes: 1e6 } as const
  const partition = new MirroredPartition({
    ...{ sourceTopic: 't', targetTopic: 't', partition: 0, storedPosition: null, ledger: null, isAdded: false },
    ...{ sourceTopicId: null, targetTopicId: null, target },
  })
  partition.identity = identity
  partition.map = new OffsetMap()
  partition.continueAt({ upstream: 0, sequence: 0, downstream: 0, leaderEpoch: 0 })
  const memory = { bytes: Buffer.alloc(0), hold() {}, drop() {} }
  const usual = { memory, at: 0, size: 1_000, pieces: null, handling: 'resealed', ticket: null } as const
  const perBatch = 100
  let writes = 0
  const startedMs = performance.now()
  for (let upstream = 0; upstream < records; upstream += perBatch) {
    const runs: Run[] = []
    const batch = { ...usual, upstream, count: perBatch, positionAfter: upstream + perBatch }
    partition.beginRuns(batch, 0, runs)
    if (partition.ledgerWrite(runs) !== null) writes++
    partition.enqueue(batch, 0)
    partition.queue.shift()
  }
  const nsPerRecord = ((performance.now() - startedMs) * 1e6) / records
  console.log(
    JSON.stringify({ name: 'no holes', records, ledgerWrites: writes, nsPerRecord: Number(nsPerRecord.toFixed(2)) }),
  )
}

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000000' },
    partitions: { type: 'string', multiple: true, default: ['1', '10000'] },
  },
})
const runsCount = Number(values.runs)
let state = 1
const random = (): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return state / 2 ** 32
}
/** How many in a row, where each next one is there with probability 1/2. */
const geometric = (): number => {
  let count = 1
  while (random() < 0.5) count++
  return count
}
for (const partitions of values.partitions.map(Number)) {
  await measure('one-record transactions', runsCount, partitions, () => [1, 1])
  await measure('holes at random, every second offset', runsCount, partitions, () => [geometric(), geometric()])
  if (partitions > 1) await measure('one run a partition', partitions, partitions, () => [1, 1])
}
measureHoleFree(100_000_000)
