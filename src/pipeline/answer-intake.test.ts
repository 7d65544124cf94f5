import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { locatedPartition } from '../../test/support/located-partition.ts'
import { decodePlainBatch, encodePlainBatch } from '../../test/support/plain-batch.ts'
import type { PlainRecord } from '../../test/support/plain-batch.ts'
import { sequenceAfter } from '../mirror/run.ts'
import { AbortedTransactions } from '../wire/aborted-transactions.ts'
import type { Codec } from '../wire/compression.ts'
import { AnswerIntake } from './answer-intake.ts'
import { AnswerWalk } from './answer-walk.ts'
import { BatchIntake } from './batch-intake.ts'
import { CopiedAnswer } from './copied-answer.ts'
import { GroupTranscoder } from './group-transcoder.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

const nowMs = (): number => 1_700_000_000_000
const window = { batchesMax: 100, bytesMax: 1e9 }
const CONTROL = 0x30

interface SourceLog {
  readonly batches: readonly { readonly lastOffset: number; readonly bytes: Buffer }[]
  readonly records: readonly PlainRecord[]
}

/** A log with holes, emptied batches, compacted tails, markers and batches of every size. */
const sourceLog: fc.Arbitrary<SourceLog> = fc
  .array(
    fc.record({
      kept: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
      kind: fc.constantFrom('data', 'data', 'data', 'data', 'marker'),
      codec: fc.constantFrom<Codec[]>(0, 0, 0, 4),
      size: fc.constantFrom(1, 10, 100, 400),
    }),
    { minLength: 1, maxLength: 25 },
  )
  .map((shapes) => {
    let next = 0
    const records: PlainRecord[] = []
    const batches = shapes.map(({ kept, kind, codec, size }) => {
      const baseOffset = next
      const count = kind === 'marker' ? 1 : kept.length
      next += count
      const held: PlainRecord[] = kept.flatMap((isKept, index) =>
        isKept && index < count
          ? [{ offset: baseOffset + index, timestamp: 7n, key: 'k', value: `${baseOffset + index}`.padEnd(size, '.') }]
          : [],
      )
      if (kind !== 'marker') records.push(...held)
      const isMarker = kind === 'marker'
      const shape = isMarker
        ? { records: [], attributes: CONTROL }
        : { records: held, codec: held.length === 0 ? 0 : codec }
      const bytes = encodePlainBatch({ ...shape, baseOffset, lastOffset: next - 1, maxTimestamp: 7n })
      return { lastOffset: next - 1, bytes }
    })
    return { batches, records }
  })

function makeIntake(coalescedBytesMax: number): AnswerIntake {
  const intake = new BatchIntake({
    checkCrcs: true,
    isIdempotent: true,
    codec: -1,
    coalescedBytesMax,
    nowMs,
    keepsRuns: true,
  })
  const transcoder = new GroupTranscoder({
    codec: null,
    level: null,
    coalescedBytesMax,
    decompressionLimitBytes: 1e6,
    writeDeadLetters: null,
    nowMs,
  })
  return new AnswerIntake({
    clock: { now: nowMs, monotonic: () => 0, sleep: () => Promise.resolve() },
    intake,
    transcoder,
    onRuns: (_writes, ticket) => {
      ticket.isDurable = true
    },
    onTaken: () => {},
    onTranscoded: () => {},
    onAtOddsWithStrays: () => assert.fail('there are no strays'),
    onLostFound: () => {},
    refuseAfterQueue: (_partition, error) => assert.fail(error.message),
  })
}

/** What a broker answers: whole batches from the one that holds the position on, and perhaps a piece of the next. */
function answerFor({ batches }: SourceLog, partition: MirroredPartition, batchesMax: number, cut: number): AnswerWalk {
  const from = batches.findIndex(({ lastOffset }) => lastOffset >= partition.fetchOffset)
  const chosen = from < 0 ? [] : batches.slice(from, from + batchesMax).map(({ bytes }) => bytes)
  const next = from < 0 ? undefined : batches[from + batchesMax]
  const bytes = Buffer.concat([...chosen, ...(next === undefined ? [] : [next.bytes.subarray(0, cut)])])
  return new AnswerWalk(partition, { memory: new CopiedAnswer(bytes, () => {}), start: 0, end: bytes.length }, null)
}

test('however answers are cut and whenever the copy starts over at what the target holds, each record arrives once and in order', () => {
  const step = fc.oneof(
    fc.record({ name: fc.constant('read' as const), batchesMax: fc.integer({ min: 1, max: 8 }), cut: fc.nat(60) }),
    fc.constant({ name: 'send' as const }),
    fc.constant({ name: 'acknowledge' as const }),
    fc.constant({ name: 'lose' as const, written: 1 }),
    fc.record({ name: fc.constant('lose' as const), written: fc.nat(3) }),
  )
  const sizes = fc.record({ coalesced: fc.constantFrom(0, 300, 4_000), most: fc.constantFrom(600, 1_000, 1e6) })
  let recoveries = 0
  fc.assert(
    fc.property(sourceLog, sizes, fc.array(step, { maxLength: 60 }), (log, { coalesced, most }, steps) => {
      const partition = locatedPartition(0, 2 ** 31 - 40, { timestampType: 'CreateTime', maxMessageBytes: most })
      const intake = makeIntake(coalesced)
      const target: PlainRecord[] = []
      let lastSequence = -1
      const append = (): void => {
        const batch = partition.inFlight.first()
        if (batch === undefined) return
        const { memory, at, size, sequence, count } = batch
        assert.ok(size <= most)
        const bytes = Buffer.from(memory.bytes.subarray(at, at + size))
        bytes.writeBigInt64BE(0n, 0)
        const records = decodePlainBatch(bytes)
        assert.deepEqual(
          records.map(({ offset }) => offset),
          records.map((_, index) => index),
        )
        target.push(...records)
        lastSequence = sequenceAfter(sequence, count - 1)
      }
      const go = (one: typeof step extends fc.Arbitrary<infer Step> ? Step : never): void => {
        if (one.name === 'read') {
          const walk = answerFor(log, partition, one.batchesMax, one.cut)
          if (!walk.isDone) assert.deepEqual(intake.takeOn([walk], Infinity), [])
        } else if (one.name === 'send') {
          if (partition.canSend(window)) partition.moveToFlight(0)?.memory.drop()
        } else if (one.name === 'acknowledge') {
          const batch = partition.inFlight.first()
          if (batch === undefined) return
          append()
          partition.landed()
          partition.acknowledge(batch, 1_000 + target.length - batch.count)
          // The stored position may be all that is known after a crash.
          const below = log.records.filter(({ offset }) => offset < partition.ackedOffset)
          assert.ok(below.length <= target.length, 'the position is behind a record that is not there')
        } else {
          recoveries++
          for (let left = one.written; partition.inFlight.length > 0; left--) {
            if (left > 0) append()
            partition.landed()
          }
          partition.discardQueue()
          const upstream = lastSequence < 0 ? 0 : partition.map?.upstreamAtSequence(lastSequence)
          assert.ok(typeof upstream === 'number')
          partition.ackedOffset = lastSequence < 0 ? 0 : upstream + 1
          partition.ackedSequence = lastSequence
          partition.ackedDownstream = 1_000 + target.length
          partition.continueAt({
            upstream: partition.ackedOffset,
            sequence: lastSequence < 0 ? 2 ** 31 - 40 : sequenceAfter(lastSequence, 1),
            downstream: 1_000 + target.length,
            leaderEpoch: -1,
          })
        }
      }
      for (const one of steps) go(one)
      for (let round = 0; round < log.batches.length + 2; round++) {
        go({ name: 'read', batchesMax: 5, cut: 0 })
        while (partition.queue.length > 0) go({ name: 'send' })
        while (partition.inFlight.length > 0) go({ name: 'acknowledge' })
      }
      assert.deepEqual(
        target.map(({ value }) => value),
        log.records.map(({ value }) => value),
      )
      // The map tells of each record where it is.
      target.forEach((_, index) => {
        const sequence = sequenceAfter(2 ** 31 - 40, index)
        assert.equal(partition.map?.upstreamAtSequence(sequence), log.records[index]?.offset)
      })
      assert.equal(partition.fetchOffset, (log.batches.at(-1)?.lastOffset ?? -1) + 1)
    }),
    { numRuns: 400 },
  )
  assert.ok(recoveries > 100)
})

test('when the time of a turn is over, or a group takes long, the walk is handed back where it is', () => {
  const partition = locatedPartition(0, 0)
  const intake = makeIntake(1_000)
  const log = [0, 1, 2].map((offset) =>
    encodePlainBatch({ records: [{ offset, timestamp: 7n, key: 'k', value: 'v' }] }),
  )
  const bytes = Buffer.concat(log)
  const walk = new AnswerWalk(
    partition,
    { memory: new CopiedAnswer(bytes, () => {}), start: 0, end: bytes.length },
    null,
  )
  assert.deepEqual(intake.takeOn([walk], 0), [{ walk, pause: 'turn' }])
  assert.equal(partition.queue.length, 0)
  assert.deepEqual(intake.takeOn([walk], 1), [])
  assert.deepEqual(
    [...partition.queue].map(({ upstream, count, handling }) => [upstream, count, handling]),
    [[0, 3, 'coalesced']],
  )
})

test('a walk that was interrupted and moved leaves out the same aborted records', () => {
  const partition = locatedPartition(0, 0)
  const intake = makeIntake(1_000)
  const data = (offset: number, producerId: bigint): Buffer =>
    encodePlainBatch({ records: [{ offset, timestamp: 7n, key: 'k', value: 'v' }], producerId, attributes: 0x10 })
  // Offset 1 is aborted by the marker at 2; the same producer commits what it writes then.
  const log = [data(0, 8n), data(1, 9n), abortMarker(2, 9n), data(3, 9n), data(4, 8n)]
  const bytes = Buffer.concat(log)
  const aborted = new AbortedTransactions([{ producerId: 9n, firstOffset: 1 }])
  const memory = new CopiedAnswer(bytes, () => {})
  const walk = new AnswerWalk(partition, { memory, start: 0, end: bytes.length }, aborted)
  assert.equal(intake.takeOn([walk], 0).length, 1)
  assert.equal(intake.takeOn([walk], 0).length, 1)
  const moved = walk.movedTo(new CopiedAnswer(Buffer.from(bytes.subarray(walk.at)), () => {}))
  assert.equal(intake.takeOn([moved], 0).length, 1)
  assert.deepEqual(intake.takeOn([moved], 1), [])
  const upstreams = [...partition.queue].flatMap(
    ({ upstream, count, pieces }) => pieces ?? [{ upstreamOffset: upstream, count }],
  )
  assert.deepEqual(
    upstreams.map(({ upstreamOffset }) => upstreamOffset),
    [0, 3, 4],
  )
})

function abortMarker(offset: number, producerId: bigint): Buffer {
  const bytes = encodePlainBatch({
    records: [{ offset, timestamp: 7n, key: '\0\0\0\0', value: '\0\0\0\0\0\0' }],
    producerId,
    attributes: 0x30,
  })
  return bytes
}
