import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeCheckpoint, encodeCheckpointKey, encodeCheckpointValue, isCheckpointDue } from './checkpoint.ts'

const checkpoint = {
  groupId: 'g1',
  topic: 'us.t',
  partition: 3,
  upstreamOffset: 4,
  downstreamOffset: 5,
  metadata: 'm',
}

// As Java writes them, seen in a run of MirrorMaker 2 4.3.0; test/compat/failover.long.test.ts compares with a real one each time.
const keyHex = '00026731000475732e7400000003'
const valueHex = '00000000000000000004000000000000000500016d'

describe('checkpoint', () => {
  it('is written in the bytes of Java, with and without metadata', () => {
    assert.equal(encodeCheckpointKey(checkpoint).toString('hex'), keyHex)
    assert.equal(encodeCheckpointValue(checkpoint).toString('hex'), valueHex)
    const bare = encodeCheckpointValue({ ...checkpoint, metadata: '' })
    assert.equal(bare.toString('hex'), '0000000000000000000400000000000000050000')
  })

  it('is read back, whatever comes behind its last field', () => {
    const value = Buffer.concat([Buffer.from(valueHex, 'hex'), Buffer.from('more')])
    assert.deepEqual(decodeCheckpoint(Buffer.from(keyHex, 'hex'), value), checkpoint)
  })

  it('of other bytes there is none', () => {
    const key = Buffer.from(keyHex, 'hex')
    assert.equal(decodeCheckpoint(key, null), null)
    assert.equal(decodeCheckpoint(null, Buffer.from(valueHex, 'hex')), null)
    assert.equal(decodeCheckpoint(key, Buffer.from(valueHex.slice(0, 30), 'hex')), null)
  })

  for (const [upstreamOffset, downstreamOffset, isDue] of [
    [4, 5, false],
    [9, 5, false],
    [9, 6, true],
    [9, 4, false],
    [3, 5, true],
    [3, 2, true],
  ] as const) {
    it(`after 4 -> 5, ${upstreamOffset} -> ${downstreamOffset} is ${isDue ? '' : 'not '}written`, () => {
      assert.equal(isCheckpointDue({ upstreamOffset, downstreamOffset }, checkpoint), isDue)
    })
  }

  it('the first one is written', () => assert.equal(isCheckpointDue(checkpoint, null), true))
})
