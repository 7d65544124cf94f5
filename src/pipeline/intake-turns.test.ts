import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locatedPartition } from '../../test/support/located-partition.ts'
import { longestTurn } from '../../test/support/longest-turn.ts'
import { encodePlainBatch } from '../../test/support/plain-batch.ts'
import { ByteBudget } from '../base/byte-budget.ts'
import { systemClock } from '../base/clock.ts'
import type { Codec } from '../wire/compression.ts'
import { AnswerIntake } from './answer-intake.ts'
import { AnswerWalk } from './answer-walk.ts'
import { BatchIntake } from './batch-intake.ts'
import { CopiedAnswer } from './copied-answer.ts'
import { DeferredIntake } from './deferred-intake.ts'
import { GroupTranscoder } from './group-transcoder.ts'

const LONGEST_TURN_MS = 20
const ANSWER_BYTES = 1_000_000

/** An answer full of batches of so many records of so many bytes. */
function answerOf(codec: Codec, recordsCount: number, sizeBytes: number): Buffer {
  const batches: Buffer[] = []
  let offset = 0
  for (let bytes = 0; bytes < ANSWER_BYTES; bytes += batches.at(-1)?.length ?? 0) {
    const records = Array.from({ length: recordsCount }, () => {
      const value = Math.sin(offset).toString(36).repeat(sizeBytes).slice(0, sizeBytes)
      return { offset: offset++, timestamp: 7n, key: 'k', value }
    })
    batches.push(encodePlainBatch({ records, codec }))
  }
  return Buffer.concat(batches)
}

/** Takes an answer in as a lane does; what is queued is sent at once. @returns how many records came out */
async function takeIn(bytes: Buffer, codec: Codec | null): Promise<number> {
  const nowMs = (): number => Date.now()
  const coalescedBytesMax = 16_384
  const transcoder = new GroupTranscoder({
    codec,
    level: null,
    coalescedBytesMax,
    decompressionLimitBytes: 1e8,
    writeDeadLetters: null,
    nowMs,
  })
  const usual = { checkCrcs: true, isIdempotent: true, keepsRuns: true, nowMs }
  const partition = locatedPartition(0, 0)
  let recordsCount = 0
  const intake = new AnswerIntake({
    clock: systemClock,
    intake: new BatchIntake({ ...usual, codec: codec ?? -1, coalescedBytesMax }),
    transcoder,
    onRuns: () => {},
    onTaken: () => {
      for (let batch = partition.queue.shift(); batch !== undefined; batch = partition.queue.shift()) {
        recordsCount += batch.count
        partition.queuedBytes -= batch.size
        batch.memory.drop()
      }
    },
    onTranscoded: () => {},
    onAtOddsWithStrays: () => assert.fail('there are no strays'),
    onLostFound: () => {},
    refuseAfterQueue: (_partition, error) => assert.fail(error.message),
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  const deferred = new DeferredIntake({
    clock: systemClock,
    intake,
    transcoder,
    budget: new ByteBudget(1e8),
    signal: new AbortController().signal,
    pauseReading: () => {},
    resumeReading: () => resolve(),
    onDefect: (error) => assert.fail(String(error)),
  })
  const memory = new CopiedAnswer(bytes, () => {})
  const walk = new AnswerWalk(partition, { memory, start: 0, end: bytes.length }, null)
  const open = intake.takeOn([walk], performance.now() + 5)
  for (const { walk: rest } of open) deferred.add(rest)
  if (open.length > 0) await promise
  return recordsCount
}

for (const [what, from, to, recordsCount, sizeBytes] of [
  ['batches that get another codec', 1, 4, 128, 1_000],
  ['one large batch that gets a slow one', 3, 1, 10_000, 100],
  ['one-record batches that are put together', 0, null, 1, 100],
  ['small zstd batches that are put together', 4, null, 5, 100],
] satisfies [string, Codec, Codec | null, number, number][]) {
  test(`${what} never hold up the event loop`, async () => {
    const bytes = answerOf(from, recordsCount, sizeBytes)
    await takeIn(bytes, to)
    const { value, longestMs, turnsCount } = await longestTurn(() => takeIn(bytes, to))
    assert.ok(value > 0 && value % recordsCount === 0)
    assert.ok(longestMs < LONGEST_TURN_MS, `${longestMs} ms without a turn, in ${turnsCount} turns`)
  })
}
