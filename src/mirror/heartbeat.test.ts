import assert from 'node:assert/strict'
import { it } from 'node:test'
import { encodeHeartbeatKey, encodeHeartbeatValue } from './heartbeat.ts'

it('a heartbeat has the bytes that Kafka 4.3.0 writes', () => {
  const heartbeat = { sourceAlias: 'us', targetAlias: 'eu', timestampMs: 1_700_000_000_000 }
  assert.equal(encodeHeartbeatKey(heartbeat).toString('hex'), '0002757300026575')
  assert.equal(encodeHeartbeatValue(heartbeat).toString('hex'), '00000000018bcfe56800')
})

it('an alias that is not ASCII is counted in bytes', () => {
  const heartbeat = { sourceAlias: 'zürich', targetAlias: 'b', timestampMs: 0 }
  assert.equal(encodeHeartbeatKey(heartbeat).toString('hex'), '00077ac3bc72696368000162')
})
