import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeTaskCount, takeTaskCount } from './task-count-record.ts'

const connector = 'MirrorSourceConnector'
const none = { fenced: 0, configured: 0 }
const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))
const take = (key: string | null, value: string | null, counts = none) =>
  takeTaskCount(counts, connector, { key: bytes(key), value: bytes(value) })

test('the record has the bytes that Kafka Connect writes', () => {
  const { key, value } = encodeTaskCount(connector, 4)
  assert.deepEqual([key.toString(), value.toString()], ['tasks-fencing-MirrorSourceConnector', '{"task-count":4}'])
})

test('counts are taken from the records of the connector, the newest wins, and a tombstone forgets', () => {
  const four = take('tasks-fencing-MirrorSourceConnector', '{"task-count":4}')
  assert.deepEqual(four, { fenced: 4, configured: 0 })
  assert.deepEqual(take('tasks-fencing-MirrorSourceConnector', '{"task-count":1}', four), { fenced: 1, configured: 0 })
  assert.deepEqual(take('commit-MirrorSourceConnector', '{"tasks":3}', four), { fenced: 4, configured: 3 })
  assert.deepEqual(take('tasks-fencing-MirrorSourceConnector', null, four), none)
})

test('other records, and what is no count, change nothing', () => {
  const four = { fenced: 4, configured: 2 }
  for (const [key, value] of [
    ['tasks-fencing-MirrorHeartbeatConnector', '{"task-count":9}'],
    ['connector-MirrorSourceConnector', '{"properties":{}}'],
    ['tasks-fencing-MirrorSourceConnector', 'x'],
    ['tasks-fencing-MirrorSourceConnector', 'null'],
    ['tasks-fencing-MirrorSourceConnector', '{"task-count":-1}'],
    ['tasks-fencing-MirrorSourceConnector', '{"task-count":1e9}'],
    [null, '{"task-count":9}'],
  ] as const) {
    assert.deepEqual(take(key, value, four), four, `${key} ${value}`)
  }
})
