import assert from 'node:assert/strict'
import { it } from 'node:test'
import { encodeOffsetSyncKey, encodeOffsetSyncValue } from './offset-sync.ts'

it('an offset sync has the bytes that Kafka 4.3.0 writes', () => {
  assert.equal(encodeOffsetSyncKey({ topic: 'topic1', partition: 2 }).toString('hex'), '0006746f7069633100000002')
  const value = encodeOffsetSyncValue({ upstream: 3, downstream: 4 })
  assert.equal(value.toString('hex'), '00000000000000030000000000000004')
})
