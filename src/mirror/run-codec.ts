import { assert } from '../base/assert.ts'
import type { PackedReader, PackedWriter } from './packed-bytes.ts'
import type { Run } from './run.ts'
import { SEQUENCE_MODULUS, sequenceAfter, sequenceDistance } from './run.ts'

/** More runs than this are never in one block, so that a few damaged bytes cannot ask for unbounded memory. */
export const RUNS_PER_BLOCK_MAX = 4096
/** Patterns of up to this many steps are recognised when they repeat. */
const PATTERN_STEPS_MAX = 4

/** How to come from one run to the next. */
interface Step {
  /** From first sequence to first sequence, signed: negative or 0 after a rewind. */
  readonly sequenceDelta: number
  /** Upstream offsets between the end of the run and the next one; negative after a truncation or a rewind. */
  readonly upstreamHole: number
  /** Downstream offsets in between; null: the next run's downstream offset is not known. */
  readonly downstreamHole: number | null
}

/** First bytes of items. */
const REPEAT = 0
const OTHER = 1
const LONG = 2
const TINY = 3
const TINY_HOLES = 8
const TINY_COUNT_MAX = 8
const SHORT = TINY + TINY_HOLES * TINY_COUNT_MAX
const SHORT_COUNT_MAX = 0xff - SHORT + 1

/**
 * Writes runs as differences. 1 or 2 bytes a run as a rule; a pattern that repeats costs 3 bytes however often it does, as with
 * transactions of one record (one record, one marker, again and again).
 *
 * ```
 *   block   => runCount:uvarint  upstream:uvarint  sequence:uvarint  (downstream + 1):uvarint  item*
 *   item    => tiny | short | long | other | repeat
 *   tiny    => 3 + (recordCount - 1) * 8 + upstreamHole                              recordCount 1 to 8, hole 0 to 7; nothing missing downstream
 *   short   => 66 + recordCount  upstreamHole:uvarint                                recordCount 1 to 189; nothing missing downstream
 *   long    => 0x02  recordCount:uvarint  upstreamHole:uvarint                       nothing missing downstream
 *   other   => 0x01  sequenceDelta:varint  upstreamHole:varint  isKnown:uvarint  [downstreamHole:varint]
 *              isKnown: 0 or 1; behind a run of unknown downstream offset the hole is counted from offset 0
 *   repeat  => 0x00  stepCount:uvarint  times:uvarint                                the last stepCount steps, that often again
 * ```
 *
 * @param runs oldest first, 1 to RUNS_PER_BLOCK_MAX
 */
export function writeRuns(writer: PackedWriter, runs: readonly Run[]): void {
  const first = runs[0]
  assert(first !== undefined && runs.length <= RUNS_PER_BLOCK_MAX, `a block of ${runs.length} runs`)
  writer.unsigned(runs.length)
  writer.unsigned(first.upstream)
  writer.unsigned(first.sequence)
  writer.unsigned(first.downstream + 1)
  const steps = stepsOf(runs)
  for (let index = 0; index < steps.length;) {
    const repeat = findRepeat(steps, index)
    if (repeat === null) {
      writeStep(writer, steps, runs, index)
      index++
    } else {
      writer.int8(REPEAT)
      writer.unsigned(repeat.stepCount)
      writer.unsigned(repeat.times)
      index += repeat.stepCount * repeat.times
    }
  }
}

/**
 * Reads what `writeRuns` wrote.
 * @throws the reader's error when the bytes are damaged; memory stays bounded by RUNS_PER_BLOCK_MAX
 */
export function readRuns(reader: PackedReader): Run[] {
  const runCount = reader.unsigned()
  if (runCount < 1 || runCount > RUNS_PER_BLOCK_MAX) reader.fail(`a block claims ${runCount} runs`)
  let run: Run = { upstream: reader.unsigned(), sequence: readSequence(reader), downstream: reader.unsigned() - 1 }
  const runs: Run[] = [run]
  const steps: Step[] = []
  while (runs.length < runCount) {
    for (const step of readItem(reader, steps, run, runCount - runs.length)) {
      steps.push(step)
      run = follow(reader, run, step)
      runs.push(run)
    }
  }
  return runs
}

function stepsOf(runs: readonly Run[]): Step[] {
  const steps: Step[] = []
  for (const [index, to] of runs.entries()) {
    const from = runs[index - 1]
    if (from === undefined) continue
    const ahead = sequenceDistance(from.sequence, to.sequence)
    const sequenceDelta = ahead < SEQUENCE_MODULUS / 2 ? ahead : ahead - SEQUENCE_MODULUS
    const isUnknown = to.downstream < 0
    // Behind a run of unknown offset the difference is taken from 0, so that a step says all by itself.
    const expected = from.downstream < 0 ? 0 : from.downstream + sequenceDelta
    steps.push({
      sequenceDelta,
      upstreamHole: to.upstream - (from.upstream + sequenceDelta),
      downstreamHole: isUnknown ? null : to.downstream - expected,
    })
  }
  return steps
}

function follow(reader: PackedReader, from: Run, step: Step): Run {
  const upstream = from.upstream + step.sequenceDelta + step.upstreamHole
  const expected = from.downstream < 0 ? 0 : from.downstream + step.sequenceDelta
  const downstream = step.downstreamHole === null ? -1 : expected + step.downstreamHole
  if (!Number.isSafeInteger(upstream) || upstream < 0) reader.fail(`a run begins at upstream offset ${upstream}`)
  if (!Number.isSafeInteger(downstream) || downstream < -1)
    reader.fail(`a run begins at downstream offset ${downstream}`)
  return { upstream, sequence: sequenceAfter(from.sequence, step.sequenceDelta + SEQUENCE_MODULUS), downstream }
}

function isPlain(step: Step, from: Run | undefined): boolean {
  return step.sequenceDelta > 0 && step.upstreamHole >= 0 && step.downstreamHole === 0 && (from?.downstream ?? -1) >= 0
}

function writeStep(writer: PackedWriter, steps: readonly Step[], runs: readonly Run[], index: number): void {
  const step = steps[index]
  assert(step !== undefined, 'a step for every run but the first')
  if (isPlain(step, runs[index])) {
    writePlain(writer, step.sequenceDelta, step.upstreamHole)
    return
  }
  writer.int8(OTHER)
  writer.signed(step.sequenceDelta)
  writer.signed(step.upstreamHole)
  writer.unsigned(step.downstreamHole === null ? 0 : 1)
  if (step.downstreamHole !== null) writer.signed(step.downstreamHole)
}

function writePlain(writer: PackedWriter, recordCount: number, upstreamHole: number): void {
  if (recordCount <= TINY_COUNT_MAX && upstreamHole < TINY_HOLES) {
    writer.int8(TINY + (recordCount - 1) * TINY_HOLES + upstreamHole)
    return
  }
  if (recordCount <= SHORT_COUNT_MAX) writer.int8(signedByte(SHORT + recordCount - 1))
  else {
    writer.int8(LONG)
    writer.unsigned(recordCount)
  }
  writer.unsigned(upstreamHole)
}

function readItem(reader: PackedReader, steps: readonly Step[], from: Run, wantedCount: number): readonly Step[] {
  const token = reader.int8() & 0xff
  if (token === REPEAT) return readRepeat(reader, steps, wantedCount)
  if (token === OTHER) return [readOther(reader)]
  if (from.downstream < 0) reader.fail('a plain run follows one of unknown downstream offset')
  if (token >= TINY && token < SHORT) {
    const [recordCount, upstreamHole] = [Math.floor((token - TINY) / TINY_HOLES) + 1, (token - TINY) % TINY_HOLES]
    return [{ sequenceDelta: recordCount, upstreamHole, downstreamHole: 0 }]
  }
  const recordCount = token === LONG ? reader.unsigned() : token - SHORT + 1
  if (recordCount < 1 || recordCount >= SEQUENCE_MODULUS / 2) reader.fail(`a run of ${recordCount} records`)
  return [{ sequenceDelta: recordCount, upstreamHole: reader.unsigned(), downstreamHole: 0 }]
}

function readOther(reader: PackedReader): Step {
  const sequenceDelta = reader.signed()
  if (Math.abs(sequenceDelta) > SEQUENCE_MODULUS / 2) reader.fail('a run is longer than 2^30 records')
  const upstreamHole = reader.signed()
  return { sequenceDelta, upstreamHole, downstreamHole: reader.unsigned() === 0 ? null : reader.signed() }
}

function signedByte(byte: number): number {
  return byte > 127 ? byte - 256 : byte
}

function readRepeat(reader: PackedReader, steps: readonly Step[], wantedCount: number): readonly Step[] {
  const stepCount = reader.unsigned()
  const times = reader.unsigned()
  if (stepCount < 1 || stepCount > Math.min(steps.length, PATTERN_STEPS_MAX))
    reader.fail(`${stepCount} steps are to repeat`)
  if (times < 1 || stepCount * times > wantedCount) reader.fail(`${stepCount} steps are to repeat ${times} times`)
  const pattern = steps.slice(-stepCount)
  return Array.from({ length: times }, () => pattern).flat()
}

/** The longest repetition of the steps just before `index`, if it is worth its three bytes. */
function findRepeat(steps: readonly Step[], index: number): { stepCount: number; times: number } | null {
  let best: { stepCount: number; times: number } | null = null
  for (let stepCount = 1; stepCount <= Math.min(index, PATTERN_STEPS_MAX); stepCount++) {
    let equalCount = 0
    while (isSameStep(steps[index + equalCount], steps[index + equalCount - stepCount])) equalCount++
    const times = Math.floor(equalCount / stepCount)
    if (stepCount * times > (best === null ? 1 : best.stepCount * best.times)) best = { stepCount, times }
  }
  return best
}

function isSameStep(one: Step | undefined, other: Step | undefined): boolean {
  return (
    one !== undefined &&
    one.sequenceDelta === other?.sequenceDelta &&
    one.upstreamHole === other.upstreamHole &&
    one.downstreamHole === other.downstreamHole
  )
}

function readSequence(reader: PackedReader): number {
  const sequence = reader.unsigned()
  if (sequence >= SEQUENCE_MODULUS) reader.fail(`a run begins at sequence ${sequence}`)
  return sequence
}
