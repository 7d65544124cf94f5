import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { createTopicFilter } from '../mirror/topic-filter.ts'
import type { EventFields } from '../observe/event.ts'
import type { ConfigSource, TopicConfigEntry } from './topic-config-selection.ts'
import { TopicConfigSync } from './topic-config-sync.ts'
import type { TopicError } from './topic-ports.ts'

const { signal } = new AbortController()

function entry(name: string, value: string, source: ConfigSource = 'topic'): TopicConfigEntry {
  return { name, value, source, isReadOnly: false, isSensitive: false }
}

/** A topic `t` and its copy; what is altered is remembered, and applied to nothing. */
function world(source: TopicConfigEntry[], target: TopicConfigEntry[] | TopicError, useDefaultsFrom = 'target') {
  const altered: unknown[] = []
  const events: [string, EventFields][] = []
  const topics = { configPropertiesExclude: createTopicFilter(['secret\\..*'], []), useDefaultsFrom }
  const sync = new TopicConfigSync({
    plan: { name: 'eu->us', target: { alias: 'us' }, topics } as unknown as FlowPlan,
    intervalMs: 1,
    source: { describeConfigs: () => Promise.resolve(new Map([['t', source]])) },
    target: {
      describeConfigs: () => Promise.resolve(new Map([['eu.t', target]])),
      alterConfigs: (settings) => {
        for (const [topic, list] of settings)
          for (const { name, value } of list) altered.push(`${topic} ${name}=${value ?? 'default'}`)
        return Promise.resolve(new Map())
      },
    },
    topics: () => [{ topic: 't', targetTopic: 'eu.t' }],
    observe: { event: (name, fields) => void events.push([name, fields]) },
  })
  return { sync, altered, events, round: () => sync.round({ signal }) }
}

describe('topic configs', () => {
  test('are altered only where they differ: set, changed, and given back to the cluster', async () => {
    const source = [
      entry('same', '1'),
      entry('new', '2'),
      entry('changed', '3'),
      entry('dropped', '4', 'default'),
      entry('never-set', '5', 'default'),
      entry('of the broker', '6', 'dynamic broker default'),
      entry('of its file', '7', 'static broker'),
      entry('secret.key', '8'),
    ]
    const target = [
      entry('same', '1'),
      entry('new', '0', 'default'),
      entry('changed', '0'),
      entry('dropped', '0'),
      entry('never-set', '0', 'default'),
      entry('of the broker', '6', 'default'),
      entry('of its file', '0'),
      entry('secret.key', '0'),
    ]
    const { altered, round, events } = world(source, target)
    await round()
    assert.deepEqual(altered, ['eu.t new=2', 'eu.t changed=3', 'eu.t dropped=default', 'eu.t of the broker=6'])
    assert.deepEqual(
      events.map(([name, { configs }]) => [name, configs]),
      [
        [
          'TopicConfigsAltered',
          'new from the default of the cluster to 2, changed from 0 to 3, dropped from 0 to the default of the cluster, of the broker from the default of the cluster to 6',
        ],
      ],
    )
  })

  test('that are equal cost no request', async () => {
    const { altered, round, events } = world([entry('same', '1')], [entry('same', '1')])
    await round()
    assert.deepEqual([altered, events], [[], []])
  })

  test("get the source's defaults with use.defaults.from=source", async () => {
    const { altered, round } = world([entry('x', '1', 'default')], [entry('x', '1', 'default')], 'source')
    await round()
    assert.deepEqual(altered, ['eu.t x=1'])
  })

  test('that the target does not know are not asked for, shown, and said once', async () => {
    const { sync, altered, round, events } = world([entry('vendor', '1'), entry('x', '2')], [entry('x', '0')])
    await round()
    await round()
    assert.deepEqual(altered, ['eu.t x=2', 'eu.t x=2'])
    assert.equal(events.filter(([name]) => name === 'TopicConfigRefused').length, 1)
    assert.equal(sync.details()['refusedCount'], 1)
  })

  test('that cannot be read leave the topic as it is, and are said once', async () => {
    const { altered, round, events } = world([entry('x', '1')], { error: 'TOPIC_AUTHORIZATION_FAILED', cause: 'no' })
    await round()
    await round()
    assert.deepEqual(altered, [])
    assert.deepEqual(
      events.map(([name, { topic }]) => [name, topic]),
      [['TopicConfigsUnreadable', 'eu.t']],
    )
  })
})
