import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { freeNow } from '../base/free-now.ts'
import { BatchAssembly } from './batch-assembly.ts'
import type { Pending } from './batch-assembly.ts'
import { BatchBuilder } from './batch-builder.ts'
import { decompressSoon } from './compression.ts'
import type { Codec } from './compression.ts'
import { LegacyCursor } from './legacy-cursor.ts'
import { BATCH_HEADER_SIZE, BatchHeader, readBatchHeader } from './record-batch.ts'
import { RecordCursor } from './record-cursor.ts'
import type { SourceBatches, TranscodeOptions, Transcoded } from './transcoded.ts'

/** Longest stretch without a turn for others, in ms; the first one may be longer, because it may be the only one. */
const FIRST_TURN_MS = 6
const TURN_MS = 4
/** After so many bytes of source batches the clock is looked at. */
const TURN_BYTES = 64 * 1024

/** What a step gets that waited for nothing. */
const NOTHING = Buffer.alloc(0)

/** Builders that are not in use. There are as many as transcodings went on at once. */
const idleBuilders: BatchBuilder[] = []

type Steps = Generator<Pending, Transcoded, Buffer>

/**
 * Makes target batches of source batches: small ones are put together, what is too large is split, holes are closed, old
 * formats become magic 2, append time becomes the records' own time. Keys, values, headers and timestamps stay what a
 * consumer of the source sees.
 * @param sources of one partition, in offset order. Control batches give nothing; they separate what is around them
 * @returns at once when it takes a few ms; else a promise, until which the sources' bytes must stay as they are
 * @throws BATCH_CORRUPT, BATCH_CHECKSUM (inside of an old format), BATCH_EXPANDS (or rejects with them): nothing of the sources may be copied
 * Sizes in bytes, offsets in records; see transcoded.ts.
 */
export function transcodeBatches(sources: SourceBatches, options: TranscodeOptions): Transcoded | Promise<Transcoded> {
  const builder = idleBuilders.pop() ?? new BatchBuilder()
  const steps = transcode(sources, options, builder)
  const startMs = performance.now()
  let isLater = false
  try {
    for (;;) {
      const step = steps.next(NOTHING)
      if (step.done === true) return step.value
      if (step.value !== undefined || performance.now() - startMs > FIRST_TURN_MS) {
        isLater = true
        return transcodeLater(steps, step.value, builder)
      }
    }
  } finally {
    if (!isLater) giveBack(builder)
  }
}

async function transcodeLater(steps: Steps, first: Pending, builder: BatchBuilder): Promise<Transcoded> {
  try {
    let pending = first
    let turnMs = performance.now()
    for (;;) {
      const step = await carryOn(steps, pending)
      if (step.done === true) return step.value
      pending = step.value
      if (pending === undefined && performance.now() - turnMs < TURN_MS) continue
      if (pending === undefined) await new Promise(setImmediate)
      turnMs = performance.now()
    }
  } finally {
    giveBack(builder)
  }
}

async function carryOn(steps: Steps, pending: Pending): Promise<IteratorResult<Pending, Transcoded>> {
  if (pending === undefined) return steps.next(NOTHING)
  let buffer: Buffer
  try {
    buffer = await pending
  } catch (error) {
    return steps.throw(error)
  }
  return steps.next(buffer)
}

function giveBack(builder: BatchBuilder): void {
  builder.clear()
  idleBuilders.push(builder)
}

function* transcode(sources: SourceBatches, options: TranscodeOptions, builder: BatchBuilder): Steps {
  const assembly = new BatchAssembly(options, builder)
  const header = new BatchHeader()
  const records = new RecordCursor()
  let nextUpstream = options.firstUpstream
  let sinceTurn = 0
  const { bytes, places } = sources
  for (let index = 0; index < places.length; index++) {
    const at = places[index]!
    readWhole(bytes, at, header, nextUpstream)
    const { size } = header
    nextUpstream = header.lastOffset + 1
    sinceTurn += size
    if (sinceTurn > TURN_BYTES) {
      sinceTurn = 0
      yield undefined
    }
    if (header.isControl) yield* assembly.close()
    if (header.isControl || header.recordCount === 0 || header.lastOffset < options.firstUpstream) continue
    if (header.magic < 2) {
      yield* addOld(bytes, at, header, assembly, options)
      continue
    }
    // The usual source is small: no generator is made for it, and without compression it is walked where it lies.
    const isPacked = header.codec !== 0
    const start = isPacked ? 0 : at + BATCH_HEADER_SIZE
    let unpacked = bytes
    if (isPacked) {
      const result = unpack(bytes.subarray(at + BATCH_HEADER_SIZE, at + size), header, options)
      unpacked = result instanceof Promise ? yield result : result
    }
    const end = isPacked ? unpacked.length : at + size
    if (assembly.beginsAnew(header, end - start)) yield* assembly.close()
    assembly.begin(header, bytes, at)
    records.open(unpacked, start, end, header.recordCount, header.lastOffsetDelta, header.baseOffset)
    while (assembly.addSome(records)) yield undefined
    if (isPacked) freeNow(unpacked)
  }
  yield* assembly.close()
  const { batches, nullKeys } = assembly
  // Which are too large is known when their batch is compressed; which were refused, before.
  const oversized = assembly.oversized.toSorted((one, other) => one.upstreamOffset - other.upstreamOffset)
  return { batches, nullKeys, oversized, nextUpstream }
}

/** Adds the records of a message set entry of magic 0 or 1. */
function* addOld(
  bytes: Buffer,
  at: number,
  header: BatchHeader,
  assembly: BatchAssembly,
  options: TranscodeOptions,
): Generator<Pending, void, Buffer> {
  const { size } = header
  const records = new LegacyCursor()
  if (header.codec === 0) {
    if (assembly.beginsAnew(header, size)) yield* assembly.close()
    records.openPlain(bytes, at, size)
  } else {
    const result = unpack(records.packedRecords(bytes, at, size), header, options)
    const inner = result instanceof Promise ? yield result : result
    if (assembly.beginsAnew(header, inner.length)) yield* assembly.close()
    records.openWrapped(inner, bytes, at)
  }
  assembly.begin(header, bytes, at)
  while (assembly.addSomeOld(records)) yield undefined
}

function readWhole(bytes: Buffer, at: number, header: BatchHeader, expectedOffset: number): void {
  if (readBatchHeader(bytes, at, bytes.length, header) === 'truncated')
    throw errors.BATCH_CORRUPT({ offset: expectedOffset, what: 'it is not as long as it claims' })
}

/** Decompresses, and says which batch it is that cannot be. */
function unpack(packed: Buffer, header: BatchHeader, options: TranscodeOptions): Buffer | Promise<Buffer> {
  const { baseOffset: offset, codec, magic } = header
  try {
    const result = decompressSoon(codec as Codec, packed, options.decompressionLimitBytes, magic)
    return result instanceof Promise ? result.catch((cause: unknown) => refuse(offset, cause)) : result
  } catch (cause) {
    return refuse(offset, cause)
  }
}

function refuse(offset: number, cause: unknown): never {
  if (!(cause instanceof TwinlogError)) throw cause
  const { codec: name, what, limitBytes } = cause.parameters
  if (cause.code === 'DECOMPRESSION_LIMIT') throw errors.BATCH_EXPANDS({ offset, codec: name, limitBytes }, { cause })
  throw errors.BATCH_CORRUPT({ offset, what: `of its compressed records (${String(name)}) ${String(what)}` }, { cause })
}
