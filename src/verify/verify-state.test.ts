import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeVerifyState, encodeVerifyState, questionOf, statePartitionKey, storedPosition } from './verify-state.ts'

const question = questionOf({ since: '2h', sampleShare: 1, isCompacted: false })
const stored = { upstream: 10, downstream: 12, sourceTopicId: 'a', targetTopicId: 'b', differencesCount: 1 }
const text = encodeVerifyState({ question, partitions: { [statePartitionKey('eu->us', 't', 3)]: stored } })
const topic = {
  topic: 't',
  targetTopic: 'eu.t',
  partitionsCount: 4,
  targetPartitionsCount: 4,
  sourceTopicId: 'a',
  targetTopicId: 'b',
  isCompacted: false,
  isTargetAppendTime: false,
}

test('a state is read as it was written, for the same topics only', () => {
  const state = decodeVerifyState(text, question)
  assert.ok(typeof state !== 'string')
  assert.deepEqual(storedPosition(state, 'eu->us', topic, 3), stored)
  assert.equal(storedPosition(state, 'eu->us', topic, 2), null)
  assert.equal(storedPosition(state, 'us->eu', topic, 3), null)
  assert.equal(storedPosition(state, 'eu->us', { ...topic, targetTopicId: 'c' }, 3), null)
})

test('what is no state, of another format, or for another question is refused with the reason', () => {
  const refusals: [string, RegExp][] = [
    ['', /no JSON/],
    ['{}', /not written by twinlog verify/],
    ['{"version":1,"question":"","partitions":{"a":{"upstream":-1}}}', /not written by twinlog verify/],
    [text.replace('"version": 1', '"version": 9'), /format 9/],
  ]
  for (const [wrong, expected] of refusals) assert.match(String(decodeVerifyState(wrong, question)), expected)
  const other = questionOf({ since: null, sampleShare: 1, isCompacted: false })
  assert.match(String(decodeVerifyState(text, other)), /other options/)
})
