import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FetchSession } from './fetch-session.ts'
import { MirroredPartition } from './mirrored-partition.ts'

const topicId = Buffer.alloc(16, 7)
const limits = { maxWaitMs: 500, minBytes: 1, isolationLevel: 0, rackId: '' } as const

function makePartition(topic: string, partition: number, fetchOffset: number): MirroredPartition {
  const made = new MirroredPartition({
    sourceTopic: topic,
    targetTopic: `eu.${topic}`,
    partition,
    storedPosition: null,
    ledger: null,
    isAdded: false,
    sourceTopicId: null,
    targetTopicId: null,
    target: { timestampType: 'CreateTime', maxMessageBytes: 1_048_588 },
  })
  made.continueAt({ upstream: fetchOffset, sequence: 0, downstream: 0, leaderEpoch: -1 })
  return made
}

/** What a request asks for, as `topic/partition@offset`. */
function askedFor(session: FetchSession): string[] {
  const { topics } = session.nextRequest(1000, 500)
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, fetchOffset }) => `${topic}/${partition}@${fetchOffset}`),
  )
}

test('a new session names every partition, and after that only what changed', () => {
  const session = new FetchSession(limits)
  const [a, b] = [makePartition('a', 0, 5), makePartition('b', 1, 6)]
  session.add(a, topicId, 3)
  session.add(b, topicId, 3)
  assert.deepEqual(askedFor(session), ['a/0@5', 'b/1@6'])
  session.accept(77)
  assert.deepEqual(askedFor(session), [])
  b.skipTo(9, 3)
  session.touch(b)
  assert.deepEqual(askedFor(session), ['b/1@9'])
})

test('session id and epoch count up from the first answer', () => {
  const session = new FetchSession(limits)
  session.add(makePartition('a', 0, 5), topicId, 3)
  assert.deepEqual([session.nextRequest(1, 1).sessionId, session.nextRequest(1, 1).sessionEpoch], [0, 0])
  session.accept(77)
  const second = session.nextRequest(1, 1)
  assert.deepEqual([second.sessionId, second.sessionEpoch], [77, 1])
  session.accept(77)
  assert.equal(session.nextRequest(1, 1).sessionEpoch, 2)
})

test('a broker that refuses a session is asked for everything each time', () => {
  const session = new FetchSession(limits)
  session.add(makePartition('a', 0, 5), topicId, 3)
  askedFor(session)
  session.accept(0)
  assert.deepEqual(askedFor(session), ['a/0@5'])
})

test('a removed partition is forgotten once, and an answer about it does not count', () => {
  const session = new FetchSession(limits)
  const partition = makePartition('a', 0, 5)
  session.add(partition, topicId, 3)
  session.nextRequest(1, 1)
  session.accept(77)
  session.remove(partition)
  assert.equal(session.isCurrent(partition), false)
  assert.deepEqual(session.nextRequest(1, 1).forgottenTopics, [{ topic: 'a', topicId, partitions: [0] }])
  session.accept(77)
  assert.deepEqual(session.nextRequest(1, 1).forgottenTopics, [])
})

test('a partition that is removed and added again is asked for at its new position and not forgotten', () => {
  const session = new FetchSession(limits)
  const partition = makePartition('a', 0, 5)
  session.add(partition, topicId, 3)
  session.nextRequest(1, 1)
  session.accept(77)
  session.remove(partition)
  partition.readFrom(40, -1)
  session.add(partition, topicId, 4)
  const request = session.nextRequest(1, 1)
  assert.deepEqual(request.forgottenTopics, [])
  assert.equal(request.topics[0]?.partitions[0]?.fetchOffset, 40)
})

test('a topic made again under its name is forgotten by its old id and asked for by its new one', () => {
  const session = new FetchSession(limits)
  const partition = makePartition('a', 0, 5)
  const newId = Buffer.alloc(16, 8)
  session.add(partition, topicId, 3)
  session.nextRequest(1, 1)
  session.accept(77)
  session.remove(partition)
  session.add(partition, newId, 0)
  const request = session.nextRequest(1, 1)
  assert.deepEqual(request.forgottenTopics, [{ topic: 'a', topicId, partitions: [0] }])
  assert.deepEqual(request.topics[0]?.topicId, newId)
})

test('an answer that was asked for before the position was set anew is not current', () => {
  const session = new FetchSession(limits)
  const partition = makePartition('a', 0, 5)
  session.add(partition, topicId, 3)
  session.nextRequest(1, 1)
  assert.equal(session.isCurrent(partition), true)
  partition.readFrom(40, -1)
  assert.equal(session.isCurrent(partition), false)
})

test('after a lost connection everything is asked for anew', () => {
  const session = new FetchSession(limits)
  session.add(makePartition('a', 0, 5), topicId, 3)
  askedFor(session)
  session.accept(77)
  session.reset()
  assert.deepEqual(askedFor(session), ['a/0@5'])
})
