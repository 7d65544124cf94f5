import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords } from '../../dev/kafka/records.ts'
import { longTest } from '../support/long-test.ts'
import { assertSameRecords } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import type { LoggedEvent } from '../support/logged-event.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'
import { startRecords } from '../support/record-stream.ts'
import type { RecordStream } from '../support/record-stream.ts'

/** Short, so that a test does not wait long for a session to expire. */
const SESSION_MS = 3_000
/** Far more than a hand-over takes: a busy machine must not make a test fail. The time is printed. */
const GAP_MAX_MS = 20_000

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  // The kit does not let new groups wait; real brokers do, for three seconds.
  const properties = { 'group.min.session.timeout.ms': '500', 'group.initial.rebalance.delay.ms': '3000' }
  ;[source, target] = await Promise.all([startCluster(), startCluster({ properties })])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

function mirror(alias: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  const session = { 'twinlog.session.timeout.ms': String(SESSION_MS) }
  return startMirror({ source, target, alias, topics: alias, properties: { ...session, ...properties } })
}

/** A topic that is written to all the time, and its copy, in which Kafka notes when each record was appended. */
async function startStream(topic: string): Promise<RecordStream> {
  await createTopics(source, { name: topic, partitions: 1 })
  await createTopics(target, {
    name: `${topic}.${topic}`,
    partitions: 1,
    configs: { 'message.timestamp.type': 'LogAppendTime' },
  })
  const options = { topic, partitions: 1, recordsPerSecond: 500, valueBytes: 100 }
  return startRecords(source, options, { 'linger.ms': '2' })
}

async function appendTimes(topic: string): Promise<number[]> {
  const records = await dumpRecords({ client: target.adminProperties, topic: `${topic}.${topic}` })
  return records.map(({ timestamp }) => Number(timestamp))
}

/** The longest time without an append to the copy, from a moment on, by the broker's clock, which is ours. */
async function longestGapMs(topic: string, fromMs: number): Promise<number> {
  const times = (await appendTimes(topic)).filter((each) => each >= fromMs - 1_000)
  return Math.max(0, ...times.slice(1).map((each, index) => each - (times[index] ?? each)))
}

async function tellGap(context: TestContext, what: string, topic: string, fromMs: number): Promise<void> {
  const gapMs = await longestGapMs(topic, fromMs)
  context.diagnostic(`${what}: ${gapMs} ms without an append`)
  assert.ok(gapMs < GAP_MAX_MS, `${what}: ${gapMs} ms`)
}

async function assertSame(stream: RecordStream, topic: string, copier: Mirror): Promise<void> {
  await stream.stop()
  await copier.waitUntilCopied(topic)
  const options = { hasOffsets: true, hasTimestamps: false }
  assert.ok((await assertSameRecords(source, target, topic, `${topic}.${topic}`, options)) > 0)
}

function namesOf(mirrored: Mirror, ...names: readonly string[]): LoggedEvent[] {
  return names.flatMap((name) => mirrored.eventsOf(name))
}

interface StatusOfFlow {
  readonly state: string
  readonly reason: string | null
  readonly owner: { readonly pid: number; readonly isThisProcess: boolean } | null
}

function statusOf(event: LoggedEvent): StatusOfFlow | undefined {
  return (event.flows as readonly StatusOfFlow[])[0]
}

test('a second process stands by and says so; it goes on at once when the owner stops, or is killed beside it', async (context) => {
  await using stream = await startStream('handover')
  const first = await mirror('handover')
  await using _first = first
  await first.waitUntilGrown('handover')
  await using second = await mirror('handover')
  const standsBy = await second.waitForEvent('FlowStandsBy')
  assert.equal(standsBy.ownerPid, first.pid)
  const { reason, owner } =
    statusOf(await second.waitForStatus((status) => statusOf(status)?.state === 'standby')) ?? {}
  assert.match(String(reason), new RegExp(`^process ${first.pid} on .+ copies it$`))
  assert.deepEqual([owner?.pid, owner?.isThisProcess], [first.pid, false])
  assert.deepEqual(second.eventsOf('FlowStarted'), [])

  let sinceMs = Date.now()
  await first.stop()
  await second.waitForEvent('OwnershipTaken')
  await second.waitUntilGrown('handover')
  await tellGap(context, 'stopped in order, a standby goes on', 'handover', sinceMs)

  await using third = await mirror('handover')
  await third.waitForEvent('FlowStandsBy', ({ ownerPid }) => ownerPid === second.pid)
  sinceMs = Date.now()
  await second.kill()
  await third.waitForEvent('OwnershipTaken')
  assert.equal((await third.waitForEvent('MemberRemoved')).pid, second.pid)
  await third.waitUntilGrown('handover')
  await tellGap(context, 'killed, a standby on the same machine goes on', 'handover', sinceMs)

  await third.kill()
  sinceMs = Date.now()
  await using fourth = await mirror('handover')
  await fourth.waitForEvent('OwnershipGained')
  await fourth.waitUntilGrown('handover')
  const firstAppendMs = (await appendTimes('handover')).find((each) => each > sinceMs) ?? Infinity
  context.diagnostic(`killed and started again: ${firstAppendMs - sinceMs} ms from the start to the first record`)
  await assertSame(stream, 'handover', fourth)
  await fourth.stop()
})

test('a process that is alone does not wait for others, although the broker does', async () => {
  await createTopics(source, { name: 'alone', partitions: 1 })
  await using twinlog = await mirror('alone')
  // Generation 0: the group had none yet.
  assert.equal((await twinlog.waitForEvent('OwnershipGained')).generation, 0)
  const settled = (event: LoggedEvent): boolean => statusOf(event)?.owner?.isThisProcess === true
  await twinlog.waitForStatus(settled)
  await twinlog.stop()
})

test('an owner that stands still is replaced when its session expires, and stands by when it wakes up; nothing is lost or repeated', async (context) => {
  await using stream = await startStream('frozen')
  await using first = await mirror('frozen')
  await first.waitUntilGrown('frozen')
  await using second = await mirror('frozen')
  await second.waitForEvent('FlowStandsBy')
  const sinceMs = Date.now()
  first.pause()
  await second.waitForEvent('OwnershipTaken')
  assert.deepEqual(second.eventsOf('MemberRemoved'), [], 'a process that lives must not be taken out')
  await second.waitUntilGrown('frozen')
  first.resume()
  await first.waitForEvent('OwnershipLost')
  await first.waitForEvent('FlowStandsBy', ({ ownerPid }) => ownerPid === second.pid)
  await second.waitUntilGrown('frozen')
  await tellGap(context, `stood still (session ${SESSION_MS} ms)`, 'frozen', sinceMs)
  assert.deepEqual(namesOf(second, 'OwnershipLost', 'FlowFailed'), [])
  await second.stop()
  await first.waitForEvent('OwnershipTaken')
  await assertSame(stream, 'frozen', first)
  await first.stop()
})

test('others join and leave while the owner copies on', async (context) => {
  await using stream = await startStream('visitors')
  await using owner = await mirror('visitors')
  await owner.waitUntilGrown('visitors')
  await using standby = await mirror('visitors')
  await standby.waitForEvent('FlowStandsBy')
  const sinceMs = Date.now()
  for (const isKilled of [false, true]) {
    await using visitor = await mirror('visitors')
    await visitor.waitForEvent('FlowStandsBy', ({ ownerPid }) => ownerPid === owner.pid)
    if (isKilled) await visitor.kill()
    else await visitor.stop()
    await owner.waitUntilGrown('visitors', 500)
  }
  await tellGap(context, 'others came and went', 'visitors', sinceMs)
  assert.deepEqual(namesOf(owner, 'OwnershipLost', 'PartitionRecovering', 'FlowFailed'), [])
  assert.equal(owner.eventsOf('PartitionLocated').length, 1)
  assert.deepEqual(namesOf(standby, 'OwnershipTaken'), [])
  await assertSame(stream, 'visitors', owner)
  await standby.stop()
  await owner.stop()
})

longTest(
  'while the coordinator is down the owner remains the owner, and stays it when the coordinator is back',
  async () => {
    await using stream = await startStream('coordinator')
    // A broker that starts takes connections for a moment without answering: that is no sign that the group has no coordinator, and must fit the session.
    const sessionMs = 10_000
    const session = { 'twinlog.session.timeout.ms': String(sessionMs) }
    await using owner = await mirror('coordinator', session)
    await owner.waitUntilGrown('coordinator')
    await using standby = await mirror('coordinator', session)
    await standby.waitForEvent('FlowStandsBy')
    await target.broker(1).kill()
    await owner.waitForEvent('CoordinatorUnreachable')
    await sleep(sessionMs + 2_000)
    await target.broker(1).start()
    await owner.waitForEvent('CoordinatorBack')
    await owner.waitUntilGrown('coordinator')
    await standby.waitForEvent('CoordinatorBack')
    assert.deepEqual(namesOf(owner, 'OwnershipLost', 'FlowFailed'), [])
    assert.deepEqual(namesOf(standby, 'OwnershipTaken', 'FlowFailed'), [])
    await assertSame(stream, 'coordinator', owner)
    await standby.stop()
    await owner.stop()
  },
)

test('two flows may share a group.id, and each has an owner of its own', async () => {
  const names = ['one', 'two']
  await createTopics(source, ...names.map((name) => ({ name, partitions: 1 })))
  const properties = {
    clusters: 'one, two, us',
    'two.bootstrap.servers': source.bootstrap,
    'two->us.enabled': 'true',
    'two->us.topics': 'two',
    'us.group.id': 'shared',
  }
  await using first = await mirror('one', properties)
  for (const name of names) await first.waitForEvent('FlowStarted', ({ flow }) => flow === `${name}->us`)
  await using second = await mirror('one', properties)
  for (const name of names) {
    const { ownerPid } = await second.waitForEvent('FlowStandsBy', ({ flow }) => flow === `${name}->us`)
    assert.equal(ownerPid, first.pid)
  }
  await first.stop()
  for (const name of names) await second.waitForEvent('FlowStarted', ({ flow }) => flow === `${name}->us`)
  await second.stop()
})

test('a session timeout that the brokers do not take is refused with the settings that bound it', async () => {
  await using twinlog = await mirror('session', { 'twinlog.session.timeout.ms': '100' })
  const { msg } = await twinlog.waitForEvent('FlowEnded')
  assert.match(msg, /does not take twinlog\.session\.timeout\.ms=100.*group\.min\.session\.timeout\.ms/)
})
