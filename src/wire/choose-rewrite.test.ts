import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chooseRewrite } from './choose-rewrite.ts'
import type { Rewrite, RewritePlan } from './choose-rewrite.ts'
import { BatchHeader } from './record-batch.ts'

type Fields = Partial<Omit<BatchHeader, 'producerId' | 'hasProducerId'>>
type Row = [
  claim: string,
  header: Fields,
  plan: Partial<RewritePlan>,
  answer: `${Rewrite['kind']}: ${Rewrite['reason']}`,
]

/** Offsets 100 to 109 of an idempotent producer, 1,000 bytes. */
const usualHeader: Fields = {
  baseOffset: 100,
  lastOffset: 109,
  lastOffsetDelta: 9,
  recordCount: 10,
  size: 1000,
  producerIdHigh: 0,
  producerIdLow: 5,
  producerEpoch: 1,
  baseSequence: 7,
}
/** The same of a producer without an id. */
const plainHeader: Fields = {
  ...usualHeader,
  producerIdHigh: -1,
  producerIdLow: -1,
  producerEpoch: -1,
  baseSequence: -1,
}
const usualPlan: RewritePlan = {
  position: 100,
  isAborted: false,
  idempotent: true,
  targetTimestampType: 'CreateTime',
  targetMaxMessageBytes: 1000,
  codec: -1,
  doubtedTo: 0,
  coalesceBelowBytes: 0,
}
const isOff: Partial<RewritePlan> = { idempotent: false }
const old: Fields = { magic: 1, baseOffset: 109, lastOffset: 109, lastOffsetDelta: 0, recordCount: -1, codec: 1 }
const emptied: Fields = { recordCount: 0 }
const holed: Fields = { recordCount: 9 }

const table: Row[] = [
  // the usual case, and what it covers
  ['an idempotent producer', usualHeader, {}, 'reseal: usual'],
  ['no producer id', plainHeader, {}, 'reseal: usual'],
  ['a committed transaction', { ...usualHeader, isTransactional: true }, {}, 'reseal: usual'],
  ['a delete horizon', { ...usualHeader, hasDeleteHorizon: true }, {}, 'reseal: usual'],
  ['compressed', { ...usualHeader, codec: 4 }, {}, 'reseal: usual'],
  [
    'append time, and the target sets its own',
    { ...usualHeader, isAppendTime: true },
    { targetTimestampType: 'LogAppendTime' },
    'reseal: usual',
  ],
  ['a gap before the batch', { ...usualHeader }, { position: 50 }, 'reseal: usual'],
  ['exactly as large as allowed', { ...usualHeader, size: 1000 }, {}, 'reseal: usual'],
  ['one record', { ...usualHeader, lastOffset: 100, lastOffsetDelta: 0, recordCount: 1 }, {}, 'reseal: usual'],
  // idempotence off: forward only what carries nothing of the source's
  ['off, no producer id', plainHeader, isOff, 'forward: not idempotent'],
  ['off, an idempotent producer', usualHeader, isOff, 'reseal: usual'],
  ['off, only the high half of an id', { ...plainHeader, producerIdHigh: 3 }, isOff, 'reseal: usual'],
  ['off, only the low half of an id', { ...plainHeader, producerIdLow: 3 }, isOff, 'reseal: usual'],
  ['off, only an epoch', { ...plainHeader, producerEpoch: 0 }, isOff, 'reseal: usual'],
  ['off, only a sequence', { ...plainHeader, baseSequence: 0 }, isOff, 'reseal: usual'],
  ['off, transactional', { ...plainHeader, isTransactional: true }, isOff, 'reseal: usual'],
  ['off, a delete horizon', { ...plainHeader, hasDeleteHorizon: true }, isOff, 'reseal: usual'],
  [
    'off, append time',
    { ...plainHeader, isAppendTime: true },
    { ...isOff, targetTimestampType: 'LogAppendTime' },
    'reseal: usual',
  ],
  ['off, too large', { ...plainHeader, size: 1001 }, isOff, 'rebuild: too large'],
  // drop
  ['copied before', usualHeader, { position: 110 }, 'drop: before position'],
  ['copied long before', usualHeader, { position: 5000 }, 'drop: before position'],
  ['its last record is next', usualHeader, { position: 109 }, 'rebuild: position inside the batch'],
  ['a control batch', { ...usualHeader, isControl: true, isTransactional: true }, {}, 'drop: control'],
  ['aborted', { ...usualHeader, isTransactional: true }, { isAborted: true }, 'drop: aborted'],
  ['emptied by compaction', { ...usualHeader, ...emptied }, {}, 'drop: empty'],
  ['emptied, and only its tail is next', { ...usualHeader, ...emptied }, { position: 105 }, 'drop: empty'],
  // rebuild
  ['begins before the position', usualHeader, { position: 101 }, 'rebuild: position inside the batch'],
  ['holes', { ...usualHeader, ...holed }, {}, 'rebuild: holes'],
  ['append time onto create time', { ...usualHeader, isAppendTime: true }, {}, 'rebuild: append time'],
  ['magic 1, compressed', { ...usualHeader, ...old }, {}, 'rebuild: old format'],
  ['magic 0, plain', { ...usualHeader, ...old, magic: 0, codec: 0, recordCount: 1 }, {}, 'rebuild: old format'],
  ['larger than allowed', { ...usualHeader, size: 1001 }, {}, 'rebuild: too large'],
  ['another codec than the flow is to write', { ...usualHeader, codec: 1 }, { codec: 4 }, 'rebuild: other codec'],
  ['not compressed, and the flow compresses', usualHeader, { codec: 4 }, 'rebuild: other codec'],
  ['compressed, and the flow does not', { ...usualHeader, codec: 1 }, { codec: 0 }, 'rebuild: other codec'],
  ['the codec that the flow writes', { ...usualHeader, codec: 4 }, { codec: 4 }, 'reseal: usual'],
  ['the target has refused one of its records', usualHeader, { doubtedTo: 101 }, 'rebuild: refused'],
  ['behind what the target has refused', usualHeader, { doubtedTo: 100 }, 'reseal: usual'],
  ['the target takes no records without a key', usualHeader, { doubtedTo: Infinity }, 'rebuild: refused'],
  // coalesce
  ['smaller than what is put together', usualHeader, { coalesceBelowBytes: 1001 }, 'coalesce: small'],
  ['just not smaller', usualHeader, { coalesceBelowBytes: 1000 }, 'reseal: usual'],
  [
    'small, of a transaction',
    { ...usualHeader, isTransactional: true },
    { coalesceBelowBytes: 1001 },
    'coalesce: small',
  ],
  ['off, small', plainHeader, { ...isOff, coalesceBelowBytes: 1001 }, 'coalesce: small'],
  ['off, not small', plainHeader, { ...isOff, coalesceBelowBytes: 10 }, 'forward: not idempotent'],
  // which rule wins
  ['drop beats coalesce', { ...usualHeader, isControl: true }, { coalesceBelowBytes: 1001 }, 'drop: control'],
  ['holes beat coalesce', { ...usualHeader, ...holed }, { coalesceBelowBytes: 1001 }, 'rebuild: holes'],
  ['append time beats other codec', { ...usualHeader, isAppendTime: true }, { codec: 4 }, 'rebuild: append time'],
  ['other codec beats refused', usualHeader, { codec: 4, doubtedTo: 101 }, 'rebuild: other codec'],
  ['refused beats too large', { ...usualHeader, size: 1001 }, { doubtedTo: 101 }, 'rebuild: refused'],
  ['too large beats coalesce', { ...usualHeader, size: 1001 }, { coalesceBelowBytes: 2000 }, 'rebuild: too large'],
  ['before position beats control', { ...usualHeader, isControl: true }, { position: 110 }, 'drop: before position'],
  ['before position beats aborted', usualHeader, { position: 110, isAborted: true }, 'drop: before position'],
  ['before position beats old format', { ...usualHeader, ...old }, { position: 110 }, 'drop: before position'],
  ['before position beats empty', { ...usualHeader, ...emptied }, { position: 110 }, 'drop: before position'],
  ['control beats aborted', { ...usualHeader, isControl: true }, { isAborted: true }, 'drop: control'],
  ['control beats empty', { ...usualHeader, ...emptied, isControl: true }, {}, 'drop: control'],
  ['control beats position inside', { ...usualHeader, isControl: true }, { position: 101 }, 'drop: control'],
  ['control beats holes', { ...usualHeader, ...holed, isControl: true }, {}, 'drop: control'],
  ['aborted beats position inside', usualHeader, { isAborted: true, position: 101 }, 'drop: aborted'],
  ['aborted beats holes', { ...usualHeader, ...holed }, { isAborted: true }, 'drop: aborted'],
  ['aborted beats too large', { ...usualHeader, size: 1001 }, { isAborted: true }, 'drop: aborted'],
  ['aborted beats append time', { ...usualHeader, isAppendTime: true }, { isAborted: true }, 'drop: aborted'],
  ['old format beats append time', { ...usualHeader, ...old, isAppendTime: true }, {}, 'rebuild: old format'],
  ['old format beats too large', { ...usualHeader, ...old, size: 1001 }, {}, 'rebuild: old format'],
  ['empty beats append time', { ...usualHeader, ...emptied, isAppendTime: true }, {}, 'drop: empty'],
  ['empty beats too large', { ...usualHeader, ...emptied, size: 1001 }, {}, 'drop: empty'],
  [
    'position inside beats holes',
    { ...usualHeader, ...holed },
    { position: 101 },
    'rebuild: position inside the batch',
  ],
  ['holes beat append time', { ...usualHeader, ...holed, isAppendTime: true }, {}, 'rebuild: holes'],
  ['append time beats too large', { ...usualHeader, isAppendTime: true, size: 1001 }, {}, 'rebuild: append time'],
]

for (const [claim, fields, plan, answer] of table) {
  test(`${claim} -> ${answer}`, () => {
    const rewrite = chooseRewrite(headerWith(fields), { ...usualPlan, ...plan })
    assert.equal(`${rewrite.kind}: ${rewrite.reason}`, answer)
    assert.ok(Object.isFrozen(rewrite))
  })
}

test('whatever the header, what is resealed, forwarded or coalesced is whole, ahead of the position, and fits the target', () => {
  const fields = fc.record({
    magic: fc.constantFrom(0, 1, 2, 2, 2),
    baseOffset: fc.nat(200),
    lastOffsetDelta: fc.nat(20),
    recordCount: fc.integer({ min: -1, max: 21 }),
    size: fc.integer({ min: 61, max: 1100 }),
    producerIdHigh: fc.constantFrom(-1, 0),
    producerIdLow: fc.constantFrom(-1, 5),
    producerEpoch: fc.constantFrom(-1, 0),
    baseSequence: fc.constantFrom(-1, 0),
    isControl: fc.boolean(),
    isTransactional: fc.boolean(),
    isAppendTime: fc.boolean(),
    codec: fc.constantFrom(0, 1, 4),
    hasDeleteHorizon: fc.boolean(),
  })
  const plans = fc.record({
    position: fc.nat(200),
    isAborted: fc.boolean(),
    idempotent: fc.boolean(),
    targetTimestampType: fc.constantFrom('CreateTime' as const, 'LogAppendTime' as const),
    targetMaxMessageBytes: fc.constant(1000),
    codec: fc.constantFrom(-1, 0, 4),
    doubtedTo: fc.constantFrom(0, 0, 100, Infinity),
    coalesceBelowBytes: fc.constantFrom(0, 200),
  })
  fc.assert(
    fc.property(fields, plans, (some, plan) => {
      const header = headerWith({ ...some, lastOffset: some.baseOffset + some.lastOffsetDelta })
      const { kind, reason } = chooseRewrite(header, plan)
      assert.equal(reason === 'before position', header.lastOffset < plan.position)
      if (kind !== 'reseal' && kind !== 'forward' && kind !== 'coalesce') return
      assert.equal(kind === 'coalesce', header.size < plan.coalesceBelowBytes)
      assert.ok((plan.codec < 0 || header.codec === plan.codec) && header.baseOffset >= plan.doubtedTo)
      assert.ok(header.magic === 2 && !header.isControl && !plan.isAborted)
      assert.ok(header.baseOffset >= plan.position && header.recordCount === header.lastOffsetDelta + 1)
      assert.ok(header.size <= 1000 && !(header.isAppendTime && plan.targetTimestampType === 'CreateTime'))
      if (kind === 'forward')
        assert.ok(header.producerId === -1n && !header.isTransactional && !header.hasDeleteHorizon)
    }),
    { numRuns: 5000 },
  )
})

function headerWith(fields: Fields): BatchHeader {
  return Object.assign(new BatchHeader(), fields)
}
