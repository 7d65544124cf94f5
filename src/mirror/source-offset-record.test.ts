import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  encodeSourceOffsetKey,
  encodeSourceOffsetValue,
  partitionForKey,
  readSourceOffset,
  SOURCE_CONNECTOR_NAME,
} from './source-offset-record.ts'

const owner = { connectorName: SOURCE_CONNECTOR_NAME, sourceAlias: 'us' }
const goldenKey = '["MirrorSourceConnector",{"cluster":"us","partition":2,"topic":"topic1"}]'

test('key and value have the bytes that MirrorMaker 2 4.3.0 writes', () => {
  assert.equal(encodeSourceOffsetKey(owner, { topic: 'topic1', partition: 2 }).toString(), goldenKey)
  assert.equal(encodeSourceOffsetValue(42)?.toString(), '{"offset":42}')
  assert.equal(encodeSourceOffsetValue(null), null)
})

test('the record goes to the partition that a Java producer picks for the key', () => {
  assert.equal(partitionForKey(Buffer.from(goldenKey), 25), 5)
  // org.apache.kafka.common.utils.UtilsTest.testMurmur2
  const cases: readonly [string, number][] = [
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ]
  for (const [text, hash] of cases) {
    assert.equal(partitionForKey(Buffer.from(text), 2 ** 31), hash & 0x7fffffff, text)
  }
})

test('an alias is escaped as Jackson does: quotes, backslash, control characters and surrogates', () => {
  const alias = 'a"b\\c/d\u0000\u001f\n\té\u2028\u007f\u{1f600}'
  assert.equal(
    encodeSourceOffsetKey({ ...owner, sourceAlias: alias }, { topic: 't', partition: 0 }).toString(),
    `["MirrorSourceConnector",{"cluster":"a\\"b\\\\c/d\\u0000\\u001F\\n\\té\u2028\u007f\\uD83D\\uDE00","partition":0,"topic":"t"}]`,
  )
})

test('what is written is read again, whatever the names', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string(),
      fc.nat(),
      fc.option(fc.maxSafeNat()),
      (sourceAlias, topic, partition, offset) => {
        const mine = { ...owner, sourceAlias }
        assert.deepEqual(
          readSourceOffset(mine, encodeSourceOffsetKey(mine, { topic, partition }), encodeSourceOffsetValue(offset)),
          { kind: 'position', topic, partition, lastCopiedOffset: offset, isCanonical: true },
        )
      },
    ),
  )
})

test('another member order and white space mean the same position, but are known not to be the bytes Java looks up', () => {
  const key = Buffer.from(' [ "MirrorSourceConnector" , { "topic":"t", "partition" : 3,\n"cluster":"us"} ]')
  assert.deepEqual(readSourceOffset(owner, key, Buffer.from('{ "offset" : 7, "more": [] }')), {
    kind: 'position',
    topic: 't',
    partition: 3,
    lastCopiedOffset: 7,
    isCanonical: false,
  })
})

test('a tombstone and a null offset both forget the position', () => {
  for (const value of [null, Buffer.from('null'), Buffer.from('{"offset":null}')]) {
    const reading = readSourceOffset(owner, Buffer.from(goldenKey), value)
    assert.equal(reading.kind === 'position' ? reading.lastCopiedOffset : 'no position', null)
  }
})

test('records of other connectors and clusters are foreign', () => {
  for (const key of [
    '["MirrorCheckpointConnector",{"partition":3,"topic":"us.t","group":"g1"}]',
    '["MirrorHeartbeatConnector",{"sourceClusterAlias":"us","targetClusterAlias":"eu"}]',
    '["MirrorSourceConnector",{"cluster":"other","partition":2,"topic":"topic1"}]',
  ]) {
    assert.deepEqual(readSourceOffset(owner, Buffer.from(key), Buffer.from('{"offset":0}')), { kind: 'foreign' })
  }
})

test('bytes that make no sense are unreadable with a reason, never an exception', () => {
  const keys = [
    '',
    '{}',
    '[]',
    '["MirrorSourceConnector",null]',
    '["MirrorSourceConnector",{"cluster":"us","topic":"t"}]',
    '\ufffd',
  ]
  for (const key of [...keys.map((text) => Buffer.from(text)), null]) {
    assert.equal(readSourceOffset(owner, key, Buffer.from('{"offset":0}')).kind, 'unreadable')
  }
  for (const value of ['', '7', '{}', '{"offset":-1}', '{"offset":"7"}', '{"offset":1.5}', '{"offset":1e300}', 'x']) {
    assert.equal(readSourceOffset(owner, Buffer.from(goldenKey), Buffer.from(value)).kind, 'unreadable', value)
  }
})
