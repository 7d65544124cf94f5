import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeFlowMember, decodeFlowOwner, encodeFlowMember, encodeFlowOwner } from './flow-member.ts'
import type { FlowMember, FlowOwner } from './flow-member.ts'

const member: FlowMember = {
  flow: 'eu->us',
  host: 'db-7',
  pid: 42,
  processId: '0d3c2a6e',
  startedAtMs: 1_790_000_000_000,
  version: '0.2.0',
  claim: { generation: 7, sinceMs: 1_790_000_000_123 },
}
const owner: FlowOwner = { memberId: 'm-1', host: 'db-7', pid: 42, generation: 7, sinceMs: 1_790_000_000_123 }

test('what a member says of itself is JSON with a version', () => {
  assert.equal(
    encodeFlowMember({ ...member, claim: null }).toString(),
    '{"formatVersion":1,"flow":"eu->us","host":"db-7","pid":42,"processId":"0d3c2a6e","startedAtMs":1790000000000,"version":"0.2.0","claim":null}',
  )
  assert.equal(
    encodeFlowOwner(owner).toString(),
    '{"formatVersion":1,"owner":{"memberId":"m-1","host":"db-7","pid":42,"generation":7,"sinceMs":1790000000123}}',
  )
})

test('both come back as they were', () => {
  const isPlain = { noNullPrototype: true }
  const claim = fc.record({ generation: fc.nat(), sinceMs: fc.maxSafeNat() }, isPlain)
  const anyMember = fc.record(
    {
      flow: fc.string(),
      host: fc.string(),
      pid: fc.nat(),
      processId: fc.string(),
      startedAtMs: fc.maxSafeNat(),
      version: fc.string(),
      claim: fc.option(claim),
    },
    isPlain,
  )
  fc.assert(fc.property(anyMember, (each) => assert.deepEqual(decodeFlowMember(encodeFlowMember(each)), each)))
  assert.deepEqual(decodeFlowOwner(encodeFlowOwner(owner)), owner)
  assert.equal(decodeFlowOwner(encodeFlowOwner(null)), null)
})

test('a later version may add fields', () => {
  const later = Buffer.from(
    JSON.stringify({ formatVersion: 2, ...member, zone: 'a', claim: { ...member.claim, x: 1 } }),
  )
  assert.deepEqual(decodeFlowMember(later), member)
  const laterOwner = Buffer.from(JSON.stringify({ formatVersion: 2, owner: { ...owner, zone: 'a' } }))
  assert.deepEqual(decodeFlowOwner(laterOwner), owner)
})

test('what is not understood is nobody, and no error', () => {
  const junk = ['', '{', 'null', '[]', '{}', '{"formatVersion":0,"owner":{}}', '{"formatVersion":1}', '\u0000\u0001']
  for (const text of junk) {
    assert.equal(decodeFlowMember(Buffer.from(text)), null, text)
    assert.equal(decodeFlowOwner(Buffer.from(text)), null, text)
  }
  for (const missing of ['flow', 'host', 'pid', 'processId', 'startedAtMs', 'version']) {
    const fields = { formatVersion: 1, ...member, [missing]: undefined }
    assert.equal(decodeFlowMember(Buffer.from(JSON.stringify(fields))), null, missing)
  }
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(decodeFlowOwner(Buffer.from(bytes)), null)))
})
