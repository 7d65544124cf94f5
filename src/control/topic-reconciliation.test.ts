import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { reconcileTopics } from './topic-reconciliation.ts'
import type { AssignedTopic, TopicDecisions, TopicView } from './topic-reconciliation.ts'

const nothing: TopicDecisions = { revoke: [], create: [], grow: [], assign: [], refuse: [] }

function topic(name: string, partitionsCount: number, topicId: string | null = `id-${name}`): TopicView {
  return { topic: name, topicId, partitionsCount }
}

function assigned(name: string, partitionsCount: number, change: Partial<AssignedTopic> = {}): AssignedTopic {
  const targetTopic = `eu.${name}`
  return {
    topic: name,
    targetTopic,
    topicId: `id-${name}`,
    targetTopicId: `id-${targetTopic}`,
    partitionsCount,
    ...change,
  }
}

interface Situation {
  readonly source?: readonly TopicView[]
  readonly target?: readonly TopicView[]
  readonly assigned?: readonly AssignedTopic[]
  readonly gone?: readonly string[]
  readonly remoteName?: (topic: string) => string
}

function decide(situation: Situation): TopicDecisions {
  return reconcileTopics({
    source: byName(situation.source ?? []),
    target: byName(situation.target ?? []),
    assigned: byName(situation.assigned ?? []),
    gone: new Set(situation.gone),
    remoteName: situation.remoteName ?? ((name) => `eu.${name}`),
  })
}

function byName<View extends { readonly topic: string }>(views: readonly View[]): Map<string, View> {
  return new Map(views.map((view) => [view.topic, view]))
}

function assignment(name: string, fromPartition: number, toPartition: number, topicId: string | null = `id-${name}`) {
  const targetTopic = `eu.${name}`
  return { topic: name, targetTopic, topicId, targetTopicId: `id-${targetTopic}`, fromPartition, toPartition }
}

const orders = assigned('orders', 3)

const table: readonly [string, Situation, Partial<TopicDecisions>][] = [
  ['nothing wanted, nothing to do', {}, {}],
  [
    'a topic without a remote topic is created, and assigned only once it is there',
    { source: [topic('orders', 3)] },
    { create: [{ topic: 'orders', targetTopic: 'eu.orders', partitionsCount: 3 }] },
  ],
  [
    'a remote topic that exists already is used',
    { source: [topic('orders', 3)], target: [topic('eu.orders', 3)] },
    { assign: [assignment('orders', 0, 3)] },
  ],
  [
    'a remote topic with more partitions is left as it is',
    { source: [topic('orders', 3)], target: [topic('eu.orders', 9)] },
    { assign: [assignment('orders', 0, 3)] },
  ],
  [
    'a remote topic with fewer partitions is grown, and those that exist flow meanwhile',
    { source: [topic('orders', 3)], target: [topic('eu.orders', 2)] },
    {
      grow: [{ topic: 'orders', targetTopic: 'eu.orders', partitionsCount: 3, partitionsCountBefore: 2 }],
      assign: [assignment('orders', 0, 2)],
    },
  ],
  [
    'partitions that flow are not touched',
    { source: [topic('orders', 3)], target: [topic('eu.orders', 3)], assigned: [orders] },
    {},
  ],
  [
    'only added partitions are assigned',
    { source: [topic('orders', 5)], target: [topic('eu.orders', 5)], assigned: [orders] },
    { assign: [assignment('orders', 3, 5)] },
  ],
  [
    'a topic that a listing does not show is not taken for deleted',
    { target: [topic('eu.orders', 3)], assigned: [orders] },
    {},
  ],
  [
    'a topic that is known to be gone is revoked, and its remote topic stays',
    { target: [topic('eu.orders', 3)], assigned: [orders], gone: ['orders'] },
    { revoke: [{ assigned: orders, reason: 'topic deleted' }] },
  ],
  [
    'a topic with another id is revoked and assigned anew',
    { source: [topic('orders', 3, 'id-2')], target: [topic('eu.orders', 3)], assigned: [orders] },
    { revoke: [{ assigned: orders, reason: 'topic recreated' }], assign: [assignment('orders', 0, 3, 'id-2')] },
  ],
  [
    'a topic with fewer partitions than before is another topic, also without topic ids',
    {
      source: [topic('orders', 2, null)],
      target: [topic('eu.orders', 3)],
      assigned: [assigned('orders', 3, { topicId: null })],
    },
    {
      revoke: [{ assigned: assigned('orders', 3, { topicId: null }), reason: 'topic recreated' }],
      assign: [assignment('orders', 0, 2, null)],
    },
  ],
  [
    'a remote topic with another id is revoked and assigned anew',
    { source: [topic('orders', 3)], target: [topic('eu.orders', 3, 'id-3')], assigned: [orders] },
    {
      revoke: [{ assigned: orders, reason: 'remote topic recreated' }],
      assign: [{ ...assignment('orders', 0, 3), targetTopicId: 'id-3' }],
    },
  ],
  [
    'a remote topic that vanished is created again',
    { source: [topic('orders', 3)], assigned: [orders] },
    { create: [{ topic: 'orders', targetTopic: 'eu.orders', partitionsCount: 3 }] },
  ],
  [
    'of two topics with one remote name the first by name is copied',
    { source: [topic('b', 1), topic('a', 1)], target: [topic('eu.x', 1)], remoteName: () => 'eu.x' },
    {
      assign: [{ ...assignment('x', 0, 1), topic: 'a', topicId: 'id-a' }],
      refuse: [{ topic: 'b', targetTopic: 'eu.x', otherTopic: 'a' }],
    },
  ],
  [
    'of two topics with one remote name the one that flows already is kept',
    {
      source: [topic('b', 1), topic('a', 1)],
      target: [topic('eu.x', 1)],
      assigned: [assigned('b', 1, { targetTopic: 'eu.x', targetTopicId: 'id-eu.x' })],
      remoteName: () => 'eu.x',
    },
    { refuse: [{ topic: 'a', targetTopic: 'eu.x', otherTopic: 'b' }] },
  ],
]

describe('topic reconciliation', () => {
  for (const [name, situation, expected] of table) {
    test(name, () => assert.deepEqual(decide(situation), { ...nothing, ...expected }))
  }

  test('comes to rest: once decisions are carried out there are none left', () => {
    const view = fc.record({
      topic: fc.constantFrom('a', 'b', 'c'),
      partitionsCount: fc.integer({ min: 1, max: 4 }),
      topicId: fc.constantFrom(null, '1', '2'),
    })
    const views = fc.uniqueArray(view, { selector: ({ topic: name }) => name })
    fc.assert(
      fc.property(views, views, views, (source, target, flowing) => {
        const remote = new Map(target.map((one) => [`eu.${one.topic}`, { ...one, topic: `eu.${one.topic}` }]))
        const copying = new Map(flowing.map((one) => [one.topic, assigned(one.topic, one.partitionsCount, one)]))
        const gone = new Set(
          flowing.map((one) => one.topic).filter((name) => !source.some((one) => one.topic === name)),
        )
        const look = () =>
          reconcileTopics({
            source: byName(source),
            target: remote,
            assigned: copying,
            gone,
            remoteName: (name) => `eu.${name}`,
          })
        for (let round = 0; round < 2; round++) carryOut(look(), remote, copying)
        assert.deepEqual(look(), nothing)
      }),
    )
  })
})

function carryOut(
  decisions: TopicDecisions,
  remote: Map<string, TopicView>,
  copying: Map<string, AssignedTopic>,
): void {
  for (const { assigned: one } of decisions.revoke) copying.delete(one.topic)
  for (const { fromPartition, toPartition, ...one } of decisions.assign) {
    assert.equal(fromPartition, copying.get(one.topic)?.partitionsCount ?? 0)
    copying.set(one.topic, { ...one, partitionsCount: toPartition })
  }
  for (const { targetTopic, partitionsCount } of decisions.create) {
    remote.set(targetTopic, { topic: targetTopic, topicId: 'created', partitionsCount })
  }
  for (const { targetTopic, partitionsCount } of decisions.grow) {
    const before = remote.get(targetTopic)
    assert(before !== undefined)
    remote.set(targetTopic, { ...before, partitionsCount })
  }
}
