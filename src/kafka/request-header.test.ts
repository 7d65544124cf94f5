import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRequestHeader, responseBodyStart } from './request-header.ts'

test('a request header counts itself, its client id and its body', () => {
  const header = encodeRequestHeader(18, 3, 7, Buffer.from('ab'), true, 100)
  assert.equal(header.toString('hex'), '00000071' + '0012' + '0003' + '00000007' + '0002' + '6162' + '00')
  assert.equal(encodeRequestHeader(18, 0, 7, Buffer.from('ab'), false, 0).readInt32BE(0), 12)
})

test('the body of an answer begins after correlation id and tagged fields', () => {
  assert.equal(responseBodyStart(Buffer.from('0000000700ff', 'hex'), false), 4)
  assert.equal(responseBodyStart(Buffer.from('0000000700ff', 'hex'), true), 5)
  // One tag, number 5, two bytes.
  assert.equal(responseBodyStart(Buffer.from('00000007010502aabbff', 'hex'), true), 9)
})

test('a response header that is cut, or whose tags reach beyond the frame, is refused', () => {
  assert.equal(responseBodyStart(Buffer.from('00000007', 'hex'), true), -1)
  assert.equal(responseBodyStart(Buffer.from('00000007010564aa', 'hex'), true), -1)
  assert.equal(responseBodyStart(Buffer.from('00000007ffffffffff7f', 'hex'), true), -1)
})
