import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Gap } from './gap.ts'
import type { LedgerHead, LedgerKey, LedgerRecord } from './ledger-record.ts'
import {
  decodeLedgerGap,
  decodeLedgerHead,
  decodeLedgerKey,
  decodeLedgerSegment,
  encodeLedgerGap,
  encodeLedgerHead,
  encodeLedgerKey,
  encodeLedgerSegment,
} from './ledger-record.ts'

const head: LedgerHead = {
  identity: {
    producerId: 4_611_686_018_427_387_905n,
    producerEpoch: 3,
    firstSequence: 300,
    sourceTopicId: '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9',
    targetTopicId: null,
    sourceLeaderEpoch: 12,
  },
  scope: { sourceClusterId: 'MkU3OEVBNTcwNTJENDM2Qk', targetClusterId: null, planHash: -5n },
  generation: 2,
  firstSegment: 1,
  nextSegment: 4,
  runs: [
    { upstream: 100, sequence: 0, downstream: 700 },
    { upstream: 152, sequence: 50, downstream: 750 },
    { upstream: 163, sequence: 59, downstream: -1 },
  ],
}

function recordOf(key: LedgerKey, value: Buffer): LedgerRecord {
  return { ledgerTopic: 'mm2-ledger.eu.internal', offset: 77, key: encodeLedgerKey(key), value }
}

const headKey = { kind: 'head', topic: 'orders', partition: 3 } as const

test('a head comes back as it was written', () => {
  assert.deepEqual(decodeLedgerHead(recordOf(headKey, encodeLedgerHead(head))), head)
})

test('the bytes of a head stay what they are, so that another version can read them', () => {
  assert.equal(
    encodeLedgerHead(head).toString('hex'),
    '02' +
      '02' +
      '01' +
      '03' +
      '4000000000000001' +
      '0003' +
      'ac02' +
      '0a1b2c3d4e5f60718293a4b5c6d7e8f9' +
      '00'.repeat(16) +
      '17' +
      Buffer.from('MkU3OEVBNTcwNTJENDM2Qk').toString('hex') +
      '00' +
      'fffffffffffffffb' +
      '18' +
      '03' +
      '64' +
      '00' +
      'bd05' +
      '7402' +
      '01120400',
  )
})

test('a segment comes back as it was written', () => {
  const segment = { generation: 300, runs: head.runs }
  const key = { kind: 'runs', topic: 'orders', partition: 3, segment: 0 } as const
  assert.deepEqual(decodeLedgerSegment(recordOf(key, encodeLedgerSegment(segment))), segment)
})

test('a gap comes back as it was written, with and without a known end', () => {
  for (const toOffset of [9_007_199_254_740_991, null]) {
    const gap: Gap = {
      topic: 't',
      partition: 0,
      fromOffset: 5,
      toOffset,
      reason: 'topic deleted',
      atMs: 1_700_000_000_000,
    }
    const key = { kind: 'gap', topic: 't', partition: 0, fromOffset: 5, toOffset } as const
    const record = recordOf(key, encodeLedgerGap(gap))
    assert.deepEqual(decodeLedgerKey(record), key)
    assert.deepEqual(decodeLedgerGap(record, key), gap)
  }
})

test('keys are readable text and come back as they were written', () => {
  assert.equal(encodeLedgerKey(headKey).toString(), 'head/orders/3')
  assert.equal(encodeLedgerKey({ kind: 'runs', topic: 'a.b', partition: 10, segment: 4 }).toString(), 'runs/a.b/10/4')
  for (const key of [headKey, { kind: 'runs', topic: 'a.b', partition: 10, segment: 4 } as const]) {
    assert.deepEqual(decodeLedgerKey(recordOf(key, Buffer.alloc(0))), key)
  }
})

test('a key that is none of ours is said with topic and offset', () => {
  for (const text of [
    '',
    'head/orders',
    'head/orders/x',
    'head/orders/3/1',
    'runs/orders/3',
    'gap/orders/3/1',
    'tail/orders/3',
    'head//3',
    'head/o/03',
  ]) {
    assert.throws(
      () => decodeLedgerKey({ ledgerTopic: 'mm2-ledger.eu.internal', offset: 77, key: Buffer.from(text) }),
      {
        code: 'LEDGER_RECORD_CORRUPT',
        message: /offset 77 of the ledger topic mm2-ledger\.eu\.internal/,
      },
    )
  }
  assert.throws(() => decodeLedgerKey({ ledgerTopic: 'l', offset: 0, key: null }), { code: 'LEDGER_RECORD_CORRUPT' })
})

test('a record of a newer format is refused with what to do, and never read as the known one', () => {
  const value = encodeLedgerHead(head)
  value[0] = 3
  assert.throws(() => decodeLedgerHead(recordOf(headKey, value)), {
    code: 'LEDGER_RECORD_TOO_NEW',
    message: /"head\/orders\/3" at offset 77 of the ledger topic mm2-ledger\.eu\.internal has format 3.*newer twinlog/,
  })
})

test('a cut head is refused with the place and the reason', () => {
  const value = encodeLedgerHead(head)
  for (let size = 0; size < value.length; size++) {
    assert.throws(() => decodeLedgerHead(recordOf(headKey, value.subarray(0, size))), { code: 'LEDGER_RECORD_CORRUPT' })
  }
  assert.throws(() => decodeLedgerHead(recordOf(headKey, Buffer.concat([value, Buffer.of(0)]))), {
    message: /1 bytes too many/,
  })
})

test('no bytes whatever make a decoder fail with anything but an error of the catalogue', () => {
  const decoders = [
    (value: Buffer) => decodeLedgerHead(recordOf(headKey, value)),
    (value: Buffer) => decodeLedgerSegment(recordOf(headKey, value)),
    (value: Buffer) =>
      decodeLedgerGap(recordOf(headKey, value), { kind: 'gap', topic: 't', partition: 0, fromOffset: 0, toOffset: 1 }),
  ]
  const damagedHead = fc.tuple(fc.nat(), fc.nat(255)).map(([place, byte]) => {
    const value = encodeLedgerHead(head)
    value[place % value.length] = byte
    return value
  })
  const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from([1, ...bytes]))
  fc.assert(
    fc.property(fc.oneof(damagedHead, anything), (value) => {
      for (const decode of decoders) {
        try {
          decode(value)
        } catch (error) {
          assert.match(String((error as { code?: string }).code), /^LEDGER_RECORD_(CORRUPT|TOO_NEW)$/, String(error))
        }
      }
    }),
    { numRuns: 1000 },
  )
})
