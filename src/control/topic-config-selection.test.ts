import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TopicFilter } from '../mirror/topic-filter.ts'
import { selectTopicConfigs } from './topic-config-selection.ts'
import type { TopicConfigEntry } from './topic-config-selection.ts'

const exclude: TopicFilter = {
  rules: { include: ['min.insync.replicas'], exclude: [] },
  matches: (names) => names.filter((name) => name === 'min.insync.replicas'),
  explain: () => ({ isIncluded: false, reason: 'not-listed' }),
}

function entry(
  name: string,
  source: TopicConfigEntry['source'],
  change: Partial<TopicConfigEntry> = {},
): TopicConfigEntry {
  return { name, value: `of ${name}`, source, isReadOnly: false, isSensitive: false, ...change }
}

const entries = [
  entry('retention.ms', 'topic'),
  entry('min.insync.replicas', 'topic'),
  entry('segment.bytes', 'default'),
  entry('compression.type', 'dynamic broker default'),
  entry('cleanup.policy', 'static broker'),
  entry('secret', 'topic', { isSensitive: true }),
  entry('fixed', 'topic', { isReadOnly: true }),
  entry('nothing', 'topic', { value: null }),
]

describe('configs of a new remote topic', () => {
  test('are those that the topic or its cluster sets, but for excluded, secret and fixed ones', () => {
    const selected = selectTopicConfigs(entries, { exclude, useDefaultsFrom: 'target' })
    assert.deepEqual(
      [...selected],
      [
        ['retention.ms', 'of retention.ms'],
        ['compression.type', 'of compression.type'],
      ],
    )
  })

  test('hold the defaults as well with use.defaults.from=source, but not what stands in the broker file', () => {
    const selected = selectTopicConfigs(entries, { exclude, useDefaultsFrom: 'source' })
    assert.deepEqual([...selected.keys()], ['retention.ms', 'segment.bytes', 'compression.type'])
  })
})
