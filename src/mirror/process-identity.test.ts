import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memberClientId, parseMemberClientId } from './process-identity.ts'

const somewhere = { host: 'db-7.example', pid: 42, place: '0af3', startTicks: 1234567 }

test('a client.id names the process in a form that people and twinlog can read', () => {
  assert.equal(memberClientId('eu->us', somewhere), 'twinlog-eu->us@db-7.example/42#0af3.1234567')
  assert.deepEqual(parseMemberClientId('twinlog-eu->us@db-7.example/42#0af3.1234567'), somewhere)
  const elsewhere = { ...somewhere, place: null, startTicks: null }
  assert.deepEqual(parseMemberClientId(memberClientId('eu->us', elsewhere)), elsewhere)
})

test('a member id, to which Kafka adds a random end, names the process too', () => {
  const memberId = `${memberClientId('a->b', somewhere)}-control-0d3c2a6e-52a5-4b7e-9d7a-0f0d2b1f8a11`
  assert.deepEqual(parseMemberClientId(memberId), somewhere)
})

test('whatever the flow is called, the process is found again', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(), fc.nat(), (flow, pid, startTicks) => {
      const identity = { ...somewhere, pid, startTicks }
      assert.deepEqual(parseMemberClientId(memberClientId(flow.replaceAll('\n', ''), identity)), identity)
    }),
  )
})

test('client ids of others are not taken for ours', () => {
  for (const text of ['', 'eu->us', 'connect-1', 'twinlog-eu->us', 'consumer-x@host/12']) {
    assert.equal(parseMemberClientId(text), null, text)
  }
})
