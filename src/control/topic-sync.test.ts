import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { Gap } from '../mirror/gap.ts'
import type { LedgerEntry } from '../mirror/ledger-entry.ts'
import type { EventFields } from '../observe/event.ts'
import type { PartitionAssignment } from '../pipeline/partition-assignment.ts'
import type { PartitionStatus } from '../pipeline/lane-status.ts'
import { partitionStatus } from '../../test/support/partition-status.ts'
import { PartitionAssigner } from './partition-assigner.ts'
import type { FlowHistory } from './partition-assigner.ts'
import { RemoteTopicOwners } from './remote-topic-owners.ts'
import { TopicCreator } from './topic-creation.ts'
import type { NewTopic, SourceTopics, TargetTopics, TopicError } from './topic-ports.ts'
import type { TopicView } from './topic-reconciliation.ts'
import { TopicSync } from './topic-sync.ts'

/** Two clusters, a lane and a history in memory, with topic sync between them. */
class Situation {
  readonly source = new Map<string, TopicView>()
  readonly target = new Map<string, TopicView>()
  readonly refusals = new Map<string, TopicError>()
  readonly hidden = new Set<string>()
  readonly ledger = new Map<string, LedgerEntry>()
  readonly owners = new RemoteTopicOwners()
  readonly assigned: PartitionAssignment[] = []
  readonly revoked: string[] = []
  readonly created: NewTopic[] = []
  readonly gaps: Gap[] = []
  readonly events: { readonly name: string; readonly fields: EventFields }[] = []
  readonly slept: number[] = []
  statuses: PartitionStatus[] = []
  isSourceDown = false
  idsCount = 0
  sync: TopicSync = this.start()

  /** A flow as it is after a start: nothing is assigned, what was written down is there. */
  start(change: Partial<FlowPlan> = {}): TopicSync {
    const plan = { ...flowPlan, ...change } as FlowPlan
    const observe = { event: (name: string, fields: EventFields) => void this.events.push({ name, fields }) }
    const clock = this.#clock()
    const source = this.#sourceTopics()
    const target = this.#targetTopics()
    const creator = new TopicCreator({ plan, source, target, observe })
    const copier = {
      assign: (assignments: readonly PartitionAssignment[]) => void this.assigned.push(...assignments),
      revoke: (partitions: readonly { topic: string; partition: number }[]) =>
        void this.revoked.push(...partitions.map(({ topic, partition }) => `${topic}/${partition}`)),
      status: () => ({ partitions: this.statuses }),
    }
    const onGap = (gap: Gap) => void this.gaps.push(gap)
    const assigner = new PartitionAssigner({ plan, target, copier, history: this.#history(), clock, observe, onGap })
    const { owners } = this
    this.sync = new TopicSync({
      plan,
      source,
      target,
      targetCluster: 'id',
      select: (topics) => topics,
      creator,
      assigner,
      owners,
      clock,
      random: () => 0.5,
      observe,
    })
    return this.sync
  }

  topic(topic: string, partitionsCount: number): void {
    this.source.set(topic, { topic, topicId: `s${(this.idsCount += 1)}`, partitionsCount })
  }

  named(event: string): EventFields[] {
    return this.events.filter(({ name }) => name === event).map(({ fields }) => fields)
  }

  round(): Promise<boolean> {
    return this.sync.round({ signal })
  }

  #clock(): Clock {
    let nowMs = 0
    return {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: async (ms, options) => {
        options.signal.throwIfAborted()
        this.slept.push(Math.round(ms))
        nowMs += ms
        await new Promise((resolve) => setImmediate(resolve))
        options.signal.throwIfAborted()
      },
    }
  }

  #sourceTopics(): SourceTopics {
    return {
      list: async () => {
        if (this.isSourceDown) throw errors.CLUSTER_UNREACHABLE({ cluster: 'eu', addresses: 'x', reason: 'y' })
        return [...this.source.values()].filter(({ topic }) => !this.hidden.has(topic))
      },
      findGone: async (topics) => new Set(topics.filter((topic) => !this.source.has(topic))),
      describeConfigs: async (topics) => new Map(topics.map((topic) => [topic, []])),
    }
  }

  #targetTopics(): TargetTopics {
    return {
      describe: async (topics) => new Map([...this.target].filter(([topic]) => topics.includes(topic))),
      create: async (topics) => {
        this.created.push(...topics)
        for (const { topic, partitionsCount } of topics) {
          if (this.refusals.has(topic)) continue
          this.target.set(topic, { topic, topicId: `t${(this.idsCount += 1)}`, partitionsCount })
        }
        return new Map([...this.refusals].filter(([name]) => topics.some(({ topic }) => topic === name)))
      },
      grow: async (counts) => {
        for (const [topic, partitionsCount] of counts) {
          const before = this.target.get(topic)
          if (before !== undefined) this.target.set(topic, { ...before, partitionsCount })
        }
        return new Map()
      },
      tryCreate: async () => new Map(),
      describeConfigs: async (topics) => new Map(topics.map((topic) => [topic, []])),
      alterConfigs: async () => new Map(),
      settings: async (topics) =>
        new Map(topics.map((topic) => [topic, { timestampType: 'CreateTime', maxMessageBytes: 1_000_000 }])),
      brokersCount: () => 1,
    }
  }

  #history(): FlowHistory {
    const { ledger } = this
    return {
      hasRunBefore: ledger.size > 0,
      known: () => [...ledger.keys()].map((topic) => ({ topic, partition: 0 })),
      isDeletionKnown: (topic) => this.gaps.some((gap) => gap.topic === topic),
      find: (topic, partition) => ({
        ledger: partition === 0 ? (ledger.get(topic) ?? null) : null,
        lastCopiedOffset: null,
      }),
    }
  }
}

const signal = new AbortController().signal
const client = { bootstrapServers: ['us:9092'], sasl: { username: 'me' } }
const flowPlan = {
  name: 'eu->us',
  source: { alias: 'eu', client },
  target: { alias: 'us', client },
  policy: { formatRemoteTopic: (alias: string, topic: string) => `${alias}.${topic}` },
  topics: {
    refreshIntervalMs: 600_000,
    replicationFactor: 1,
    useDefaultsFrom: 'target',
    configPropertiesExclude: { matches: () => [] },
  },
  gapPolicy: 'continue',
} as unknown as FlowPlan

function status(topic: string, nextOffset: number, endOffset: number, isEndKnown = true): PartitionStatus {
  return partitionStatus({ topic, nextOffset, endOffset, isEndKnown })
}

function placesOf(assignments: readonly PartitionAssignment[]): string[] {
  return assignments.map(
    ({ sourceTopic, partition, isAdded }) => `${sourceTopic}/${partition}${isAdded ? ' added' : ''}`,
  )
}

describe('topic sync', () => {
  test('creates what is missing and assigns it in the same round, and leaves it alone in the next', async () => {
    const situation = new Situation()
    situation.topic('orders', 2)
    assert.equal(await situation.round(), true)
    assert.equal(await situation.round(), true)
    assert.deepEqual(
      situation.created.map(({ topic }) => topic),
      ['eu.orders'],
    )
    assert.deepEqual(placesOf(situation.assigned), ['orders/0', 'orders/1'])
    assert.deepEqual(situation.revoked, [])
  })

  test('what appears later is added: it is copied from its start', async () => {
    const situation = new Situation()
    situation.topic('orders', 1)
    await situation.round()
    situation.topic('views', 1)
    situation.source.set('orders', { topic: 'orders', topicId: 's1', partitionsCount: 2 })
    await situation.round()
    assert.deepEqual(placesOf(situation.assigned), ['orders/0', 'orders/1 added', 'views/0 added'])
  })

  test('a topic whose creation fails at first is not taken for added: auto.offset.reset decides', async () => {
    const situation = new Situation()
    situation.topic('orders', 1)
    situation.refusals.set('eu.orders', { error: 'POLICY_VIOLATION', cause: 'no' })
    assert.equal(await situation.round(), false)
    situation.refusals.clear()
    assert.equal(await situation.round(), true)
    assert.deepEqual(placesOf(situation.assigned), ['orders/0'])
  })

  test('one refused topic is said with its remedy and does not hold up the others', async () => {
    const situation = new Situation()
    situation.topic('orders', 1)
    situation.topic('secret', 1)
    situation.refusals.set('eu.secret', { error: 'TOPIC_AUTHORIZATION_FAILED', cause: 'not authorized' })
    assert.equal(await situation.round(), false)
    assert.deepEqual(placesOf(situation.assigned), ['orders/0'])
    const [failure] = situation.named('TopicCreationFailed')
    assert.match(String(failure?.remedy), /kafka-acls --bootstrap-server us:9092 .*'User:me' .*--topic 'eu\.secret'/)
  })

  test('a topic that we may not see any more is neither revoked nor said to be deleted', async () => {
    const situation = new Situation()
    situation.topic('orders', 1)
    await situation.round()
    situation.hidden.add('orders')
    await situation.round()
    assert.deepEqual(situation.revoked, [])
    assert.deepEqual(situation.named('TopicDeleted'), [])
  })

  test('a deleted topic is revoked; what was not copied of it is a gap', async () => {
    for (const [nextOffset, endOffset, isEndKnown, gapsCount] of [
      [10, 10, true, 0],
      [7, 10, true, 1],
      // What the source held at its end was not heard of.
      [10, 10, false, 1],
      [-1, -1, true, 1],
    ] as const) {
      const situation = new Situation()
      situation.topic('orders', 1)
      await situation.round()
      situation.statuses = [status('orders', nextOffset, endOffset, isEndKnown)]
      situation.source.clear()
      await situation.round()
      assert.deepEqual(situation.revoked, ['orders/0'])
      assert.equal(situation.gaps.length, gapsCount)
      for (const gap of situation.gaps)
        assert.deepEqual([gap.reason, gap.fromOffset], ['topic deleted', Math.max(0, nextOffset)])
    }
  })

  test('a topic made again is revoked and assigned from its start, and the gap is told once', async () => {
    const situation = new Situation()
    situation.topic('orders', 1)
    await situation.round()
    situation.statuses = [status('orders', 7, 7)]
    situation.topic('orders', 1)
    await situation.round()
    await situation.round()
    assert.deepEqual(placesOf(situation.assigned), ['orders/0', 'orders/0 added'])
    assert.deepEqual(
      situation.gaps.map(({ reason, fromOffset }) => [reason, fromOffset]),
      [['topic recreated', 7]],
    )
  })

  test('with gap policy stop a topic made again is held back, and said once', async () => {
    const situation = new Situation()
    situation.start({ gapPolicy: 'stop' })
    situation.topic('orders', 1)
    await situation.round()
    situation.topic('orders', 1)
    await situation.round()
    await situation.round()
    assert.deepEqual(placesOf(situation.assigned), ['orders/0'])
    assert.equal(situation.named('TopicHeldBack').length, 1)
  })

  test('a topic deleted while the flow did not run is told at the start, once', async () => {
    const situation = new Situation()
    const identity = {
      producerId: 1n,
      producerEpoch: 0,
      firstSequence: 0,
      sourceTopicId: 's0',
      targetTopicId: null,
      sourceLeaderEpoch: 0,
    }
    situation.ledger.set('gone', { ...identity, runs: [{ upstream: 0, sequence: 0, downstream: 0 }] })
    await situation.start().round({ signal })
    await situation.start().round({ signal })
    assert.deepEqual(
      situation.gaps.map(({ topic, reason }) => [topic, reason]),
      [['gone', 'topic deleted']],
    )
    assert.equal(situation.named('TopicDeleted').length, 1)
  })

  test('a remote topic that another flow writes is refused, and said once', async () => {
    const situation = new Situation()
    situation.owners.claim('id', 'eu.orders', 'other->us')
    situation.topic('orders', 1)
    await situation.round()
    await situation.round()
    assert.deepEqual(situation.assigned, [])
    assert.equal(situation.named('TopicRefused').length, 1)
    situation.owners.release('other->us')
    await situation.round()
    assert.deepEqual(placesOf(situation.assigned), ['orders/0'])
  })

  test('matching nothing is said', async () => {
    const situation = new Situation()
    assert.equal(await situation.round(), true)
    assert.deepEqual(situation.named('TopicsMatchedNone'), [{ flow: 'eu->us', cluster: 'eu', topicsCount: 0 }])
  })

  test('rounds follow the refresh interval, and a failed one is tried again soon with growing pauses', async () => {
    const situation = new Situation()
    const stop = new AbortController()
    const run = situation.sync.run({ signal: stop.signal, isFirstDone: true })
    while (situation.slept.length < 1) await new Promise((resolve) => setImmediate(resolve))
    situation.isSourceDown = true
    while (situation.named('TopicsRefreshFailed').length < 3) await new Promise((resolve) => setImmediate(resolve))
    stop.abort()
    await run
    assert.deepEqual(situation.slept.filter((ms) => ms !== 600_000).slice(0, 2), [500, 500])
    assert(situation.slept.includes(1_000))
  })
})
