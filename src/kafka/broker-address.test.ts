import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerName, parseBootstrapServer } from './broker-address.ts'

test('an address of bootstrap.servers is split at its last colon, and IPv6 loses its brackets', () => {
  assert.deepEqual(parseBootstrapServer('b.example:9092'), { host: 'b.example', port: 9092, nodeId: null })
  assert.deepEqual(parseBootstrapServer('[::1]:9092'), { host: '::1', port: 9092, nodeId: null })
})

test('a broker is named by its id, host and port', () => {
  assert.equal(brokerName({ host: '::1', port: 9092, nodeId: 3 }), '3 ([::1]:9092)')
  assert.equal(brokerName({ host: 'b', port: 9092, nodeId: null }), 'b:9092')
})
