import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locatedPartition } from '../../test/support/located-partition.ts'
import { encodePlainBatch } from '../../test/support/plain-batch.ts'
import type { PlainBatch } from '../../test/support/plain-batch.ts'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import { errors } from '../base/errors.ts'
import { batchSizeAt } from '../wire/record-batch.ts'
import type { TargetBatch } from '../wire/transcoded.ts'
import { AnswerWalk } from './answer-walk.ts'
import type { BatchGroup } from './batch-group.ts'
import { BatchIntake } from './batch-intake.ts'
import type { IntakeRound, IntakeSettings } from './batch-intake.ts'
import { CopiedAnswer } from './copied-answer.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

const CONTROL = 0x30
const APPEND_TIME = 0x08
const settings: IntakeSettings = {
  checkCrcs: true,
  isIdempotent: true,
  codec: -1,
  coalescedBytesMax: 1_000,
  nowMs: () => 1_700_000_000_000,
  keepsRuns: true,
}

/** A batch of records with these offsets, each with a value of `size` bytes. */
function batch(offsets: readonly number[], more: Partial<PlainBatch> & { size?: number; epoch?: number } = {}): Buffer {
  const { size = 10, epoch = 5, ...rest } = more
  const records = offsets.map((offset) => ({
    offset,
    timestamp: 1_700_000_000_000n,
    key: 'k',
    value: 'x'.repeat(size),
  }))
  const bytes = encodePlainBatch({ records, ...rest })
  bytes.writeInt32BE(epoch, 12)
  return bytes
}

function walkOver(partition: MirroredPartition, batches: readonly Buffer[]): AnswerWalk {
  const bytes = Buffer.concat(batches)
  const memory = new CopiedAnswer(bytes, () => {})
  return new AnswerWalk(partition, { memory, start: 0, end: bytes.length }, null)
}

function round(): IntakeRound {
  return { ticket: { isDurable: false, lateAtMs: Infinity }, runs: [], isAtOdds: false }
}

function made(...pieces: readonly (readonly [upstreamOffset: number, count: number])[][]): TargetBatch[] {
  return pieces.map((ofBatch) => ({
    bytes: Buffer.alloc(100),
    recordCount: ofBatch.reduce((sum, [, count]) => sum + count, 0),
    pieces: ofBatch.map(([upstreamOffset, count]) => ({ upstreamOffset, count })),
  }))
}

const whole = { nullKeysCount: 0, deadLettersCount: 0, refusal: null }

/** Which batches go together, as sequences of their base offsets; what is queued as it is stands alone, with a star. */
function groupsOf(batches: readonly Buffer[], more: Partial<IntakeSettings> = {}, position = 0): string {
  const partition = locatedPartition(position, 0)
  const intake = new BatchIntake({ ...settings, ...more })
  const walk = walkOver(partition, batches)
  const said: string[] = []
  const queued = (): void => {
    for (let one = partition.queue.shift(); one !== undefined; one = partition.queue.shift())
      said.push(`${one.upstream}*`)
  }
  for (;;) {
    const group = intake.advance(walk, round())
    queued()
    if (group === null) return said.join(' ')
    const bases = group.places.map((at) => Number(walk.memory.bytes.readBigInt64BE(at)))
    said.push(bases.join('+') + (group.isNeeded ? '!' : ''))
    intake.place(walk, group, { ...whole, batches: made([[bases[0] ?? 0, 1]]) }, round())
    partition.queue.shift()
  }
}

test('small batches that follow each other go together, up to the size of a batch', () => {
  const small = Array.from({ length: 100 }, (_, offset) => batch([offset]))
  const [first, ...others] = groupsOf(small).split(' ')
  assert.match(first ?? '', /^0\+1\+2\+3/)
  assert.ok(others.length > 0)
  const sizes = groupsOf(small)
    .split(' ')
    .map((group) => group.split('+').length)
  const most = sizes[0] ?? 0
  const recordSize = batch([0]).length - 61
  assert.ok(61 + most * recordSize <= 1_000 && 61 + (most + 2) * recordSize > 1_000, `${most} of ${recordSize} bytes`)
})

for (const [what, batches, expected, more = {}, position = 0] of [
  ['a batch that is not small is left as it is', [batch([0]), batch([1], { size: 600 }), batch([2])], '0* 1* 2*'],
  ['one that nobody follows is, too', [batch([0])], '0*'],
  ['without batches that are put together all are', [batch([0]), batch([1])], '0* 1*', { coalescedBytesMax: 0 }],
  [
    'another codec is another batch',
    [batch([0]), batch([1]), batch([2], { codec: 1 }), batch([3], { codec: 1 })],
    '0+1 2+3',
  ],
  ['but not where all get the same', [batch([0]), batch([1], { codec: 1 })], '0+1!', { codec: 4 }],
  ['another leader epoch at the source is another batch', [batch([0]), batch([1]), batch([2], { epoch: 6 })], '0+1 2*'],
  [
    'another timestamp type is another batch',
    [batch([0]), batch([1]), batch([2], { attributes: APPEND_TIME })],
    '0+1 2!',
  ],
  ['holes make it needed', [batch([0]), batch([1, 3]), batch([4])], '0+1+4!'],
  ['what is needed is done alone, too', [batch([0, 2], { size: 600 })], '0!'],
  ['a marker between two is no border', [batch([0]), batch([1], { attributes: CONTROL }), batch([2])], '0+2'],
  ['what was copied before is left out', [batch([0]), batch([1]), batch([2])], '1+2', {}, 1],
  ['a position inside a batch makes it needed', [batch([0, 1]), batch([2])], '0+2!', {}, 1],
] satisfies [string, Buffer[], string, Partial<IntakeSettings>?, number?][]) {
  test(what, () => assert.equal(groupsOf(batches, more, position), expected))
}

test('where it does not pay to put them together, small batches are queued one by one, and the last has what was dropped behind it', () => {
  const partition = locatedPartition(0, 0)
  for (let count = 0; count < 20; count++) partition.coalescing.took(1, 1_000)
  const intake = new BatchIntake(settings)
  const walk = walkOver(partition, [batch([0, 1]), batch([2]), batch([3], { attributes: CONTROL })])
  assert.equal(intake.advance(walk, round()), null)
  assert.deepEqual(
    [...partition.queue].map(({ upstream, sequence, positionAfter, handling }) => [
      upstream,
      sequence,
      positionAfter,
      handling,
    ]),
    [
      [0, 0, 2, 'resealed'],
      [2, 2, 4, 'resealed'],
    ],
  )
})

test('a damaged batch is met when what is before it is taken in', () => {
  const damaged = batch([2])
  damaged[70] = (damaged[70] ?? 0) ^ 1
  const partition = locatedPartition(0, 0)
  const intake = new BatchIntake(settings)
  const walk = walkOver(partition, [batch([0]), batch([1]), damaged])
  const group = intake.advance(walk, round())
  assert.equal(group?.places.length, 2)
  intake.place(walk, group, { ...whole, batches: made([[0, 2]]) }, round())
  assert.throws(() => intake.advance(walk, round()), { code: 'BATCH_CHECKSUM' })
  assert.equal(partition.fetchOffset, 2)
})

for (const checkCrcs of [true, false]) {
  for (const name of [
    'source batch none',
    'source batch zstd',
    'message set magic 1 plain',
    'message set magic 0 gzip',
  ]) {
    test(`what is decoded is verified first, also where check.crcs is ${checkCrcs} (${name}): a new checksum would make damage look right`, () => {
      const log = wireFixture('kafka-classes', name)
      const taken = (bytes: Buffer): BatchGroup | null => {
        // Another codec than any of them: all have to be decoded.
        const intake = new BatchIntake({ ...settings, checkCrcs, codec: 2 })
        return intake.advance(walkOver(locatedPartition(0, 0), [bytes]), round())
      }
      assert.equal(taken(log)?.isNeeded, true)
      for (const at of [batchSizeAt(log, 0) - 1, 17]) {
        const damaged = Buffer.from(log)
        damaged[at] = (damaged[at] ?? 0) ^ 0x10
        assert.throws(() => taken(damaged), /is damaged: .*CRC-32/, `byte ${at}`)
      }
    })
  }
}

/** A group of offsets 10 to 19 of a partition at 10. */
function grouped(): { partition: MirroredPartition; intake: BatchIntake; walk: AnswerWalk; group: BatchGroup } {
  const partition = locatedPartition(10, 100)
  const intake = new BatchIntake(settings)
  const walk = walkOver(partition, [batch([10, 11, 13, 14, 18], { lastOffset: 19 })])
  const group = intake.advance(walk, round())
  assert.ok(group !== null)
  return { partition, intake, walk, group }
}

test('what was made of a batch with holes has a run for each piece, and the position behind the batch', () => {
  const { partition, intake, walk, group } = grouped()
  const one = round()
  assert.equal(
    intake.place(
      walk,
      group,
      {
        ...whole,
        batches: made(
          [
            [10, 2],
            [13, 1],
          ],
          [
            [14, 1],
            [18, 1],
          ],
        ),
      },
      one,
    ),
    true,
  )
  assert.deepEqual(one.runs, [
    { upstream: 10, sequence: 100, downstream: 1_000 },
    { upstream: 13, sequence: 102, downstream: 1_002 },
    { upstream: 18, sequence: 104, downstream: 1_004 },
  ])
  assert.deepEqual(
    [...partition.queue].map(({ upstream, count, sequence, positionAfter, handling }) => ({
      upstream,
      count,
      sequence,
      positionAfter,
      handling,
    })),
    [
      { upstream: 10, count: 3, sequence: 100, positionAfter: 14, handling: 'rebuilt' },
      { upstream: 14, count: 2, sequence: 103, positionAfter: 20, handling: 'rebuilt' },
    ],
  )
  assert.equal(partition.fetchOffset, 20)
  assert.equal(intake.advance(walk, round()), null)
})

test('where nothing is left of a batch the position moves past it', () => {
  const { partition, intake, walk, group } = grouped()
  intake.place(walk, group, { ...whole, batches: [] }, round())
  assert.equal(partition.queue.length, 0)
  assert.deepEqual([partition.fetchOffset, partition.ackedOffset], [20, 20])
})

test('where a record cannot be copied the position stays before it', () => {
  const { partition, intake, walk, group } = grouped()
  const refusal = errors.RECORD_TOO_LARGE({
    offset: 13,
    topic: 't',
    partition: 0,
    targetTopic: 'r',
    sizeBytes: 2,
    limitBytes: 1,
  })
  const result = { ...whole, batches: made([[10, 2]]), refusal }
  assert.throws(() => intake.place(walk, group, result, round()), { code: 'RECORD_TOO_LARGE' })
  assert.equal(partition.fetchOffset, 12)
  assert.equal(partition.queue.first()?.positionAfter, 12)
})
