import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import fc from 'fast-check'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import type { GroupInfo, JoinedGroup } from '../kafka/group-client.ts'
import { kafkaError } from '../kafka/kafka-error.ts'
import { memberClientId } from '../mirror/process-identity.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import { FlowOwnership } from './flow-ownership.ts'
import type { OwnershipGroup } from './flow-ownership.ts'
import { LocalProcess } from './local-process.ts'

const sessionTimeoutMs = 3_000

/** Time passes only when the test says so, timer by timer. */
class ManualClock implements Clock {
  #nowMs = 0
  /** How far the wall clock is from the monotonic one. */
  skewMs = 1_790_000_000_000
  readonly #sleepers = new Set<{ dueMs: number; wake: () => void }>()

  now(): number {
    return this.#nowMs + this.skewMs
  }

  monotonic(): number {
    return this.#nowMs
  }

  async sleep(ms: number, { signal }: { signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sleeper = { dueMs: this.#nowMs + ms, wake: resolve }
    const onAbort = (): void => reject(signal.reason)
    this.#sleepers.add(sleeper)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      this.#sleepers.delete(sleeper)
      signal.removeEventListener('abort', onAbort)
    }
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      await settleAll()
      const next = [...this.#sleepers].sort((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined || next.dueMs > endMs) break
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      this.#sleepers.delete(next)
      next.wake()
    }
    this.#nowMs = endMs
    await settleAll()
  }
}

async function settleAll(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await settle()
}

interface CoordinatedMember {
  metadata: Buffer
  assignment: Buffer
  joining: { resolve: (joined: JoinedGroup) => void; reject: (error: Error) => void } | null
  syncing: { resolve: (assignment: Buffer) => void; reject: (error: Error) => void } | null
}

/**
 * What GroupMetadataManager does with a classic group, as far as it matters here: a first rebalance that waits, later ones that wait for those who are
 * in, expulsion, removal. Sessions expire and the first rebalance ends when the test says so.
 */
class Coordinator {
  readonly members = new Map<string, CoordinatedMember>()
  generation = 0
  state: 'empty' | 'initial' | 'preparing' | 'completing' | 'stable' = 'empty'
  /** What each call fails with, as long as it is set. */
  failure: Error | null = null
  #leader = ''
  #nextId = 1

  port(clientId: string): OwnershipGroup {
    const guard = async <Value>(signal: AbortSignal, answer: () => Value | Promise<Value>): Promise<Value> => {
      signal.throwIfAborted()
      if (this.failure !== null) throw this.failure
      const { promise, reject } = Promise.withResolvers<never>()
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      return Promise.race([Promise.resolve().then(answer), promise])
    }
    return {
      groupId: 'eu-mm2',
      protocolType: 'twinlog',
      cluster: 'us',
      bootstrapServers: 'us:9092',
      newMemberId: ({ signal }) => guard(signal, () => `${clientId}-${this.#nextId++}`),
      join: (memberId, metadata, { signal }) => guard(signal, () => this.#join(memberId, metadata)),
      sync: (memberId, generation, assignments, { signal }) => guard(signal, () => this.#sync(memberId, assignments)),
      heartbeat: (memberId, generation, { signal }) => guard(signal, () => this.#heartbeat(memberId, generation)),
      remove: (memberIds, reason, { signal }) => guard(signal, () => this.remove(...memberIds)),
      describe: ({ signal }) => guard(signal, () => this.#describe()),
    }
  }

  /** group.initial.rebalance.delay.ms is over. */
  endDelay(): void {
    if (this.state === 'initial') this.#complete()
  }

  remove(...memberIds: readonly string[]): void {
    for (const memberId of memberIds) {
      const member = this.members.get(memberId)
      this.members.delete(memberId)
      member?.joining?.reject(answered('UNKNOWN_MEMBER_ID'))
      member?.syncing?.reject(answered('UNKNOWN_MEMBER_ID'))
      if (member !== undefined && this.#leader === memberId) this.#leader = [...this.members.keys()][0] ?? ''
    }
    if (this.state === 'initial') return
    if (this.members.size === 0) this.state = 'empty'
    else this.#prepare()
  }

  #prepare(): void {
    for (const { syncing } of this.members.values()) syncing?.reject(answered('REBALANCE_IN_PROGRESS'))
    this.state = 'preparing'
    this.#completeIfAll()
  }

  #join(memberId: string, metadata: Buffer): Promise<JoinedGroup> {
    const { promise, resolve, reject } = Promise.withResolvers<JoinedGroup>()
    this.members.set(memberId, { metadata, assignment: Buffer.alloc(0), joining: { resolve, reject }, syncing: null })
    if (this.#leader === '') this.#leader = memberId
    if (this.state === 'empty') this.state = 'initial'
    else if (this.state !== 'initial') this.#prepare()
    return promise
  }

  #completeIfAll(): void {
    if ([...this.members.values()].every(({ joining }) => joining !== null)) this.#complete()
  }

  #complete(): void {
    this.generation++
    this.state = 'completing'
    const all = [...this.members].map(([memberId, { metadata }]) => ({ memberId, metadata }))
    for (const [memberId, member] of this.members) {
      const isLeader = memberId === this.#leader
      member.joining?.resolve({ generation: this.generation, isLeader, members: isLeader ? all : [] })
      member.joining = null
    }
  }

  #sync(memberId: string, assignments: readonly { memberId: string; assignment: Buffer }[]): Promise<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    const own = this.members.get(memberId)
    if (own === undefined) throw answered('UNKNOWN_MEMBER_ID')
    own.syncing = { resolve, reject }
    if (memberId === this.#leader) {
      this.state = 'stable'
      for (const { memberId: each, assignment } of assignments) {
        const member = this.members.get(each)
        if (member !== undefined) member.assignment = assignment
      }
    }
    if (this.state === 'stable') {
      for (const member of this.members.values()) {
        member.syncing?.resolve(member.assignment)
        member.syncing = null
      }
    }
    return promise
  }

  #heartbeat(memberId: string, generation: number): void {
    if (!this.members.has(memberId)) throw answered('UNKNOWN_MEMBER_ID')
    if (generation !== this.generation) throw answered('ILLEGAL_GENERATION')
    if (this.state === 'preparing') throw answered('REBALANCE_IN_PROGRESS')
  }

  #describe(): GroupInfo {
    const members = [...this.members.keys()].map((memberId) => ({ memberId, clientId: '', clientHost: '/127.0.0.1' }))
    return { protocolType: this.members.size === 0 ? '' : 'twinlog', members }
  }
}

const codes = { UNKNOWN_MEMBER_ID: 25, ILLEGAL_GENERATION: 22, REBALANCE_IN_PROGRESS: 27 } as const

function answered(name: keyof typeof codes): Error {
  return kafkaError(codes[name], { cluster: 'us', broker: '1', api: 'a call' })
}

interface Participant {
  readonly ownership: FlowOwnership
  readonly events: EventName[]
  readonly causes: string[]
  readonly strays: Set<string>
  /** Leaves in order. */
  stop(): Promise<void>
}

let startedCount = 0

/** Who comes later claims to be older: it would be given the flow if nobody owned it. */
function start(clock: ManualClock, coordinator: Coordinator, flow = 'eu->us'): Participant {
  const process = new LocalProcess({ version: '0', nowMs: clock.now() - 1_000_000 * ++startedCount })
  const events: EventName[] = []
  const causes: string[] = []
  const strays = new Set<string>()
  const ownership = new FlowOwnership({
    clock,
    observe: { event: (name) => void events.push(name) },
    flow,
    group: coordinator.port(memberClientId(flow, process.identity)),
    process,
    sessionTimeoutMs,
    strays,
    onStandby: (cause) => void causes.push(cause),
  })
  const leaving = new AbortController()
  const ended = ownership.run({ signal: leaving.signal })
  const stop = async (): Promise<void> => {
    leaving.abort(new Error('stopping'))
    await ended
  }
  return { ownership, events, causes, strays, stop }
}

async function twoMembers(): Promise<{
  clock: ManualClock
  coordinator: Coordinator
  owner: Participant
  standby: Participant
}> {
  const clock = new ManualClock()
  const coordinator = new Coordinator()
  const owner = start(clock, coordinator)
  await clock.pass(100)
  const standby = start(clock, coordinator)
  await clock.pass(100)
  coordinator.endDelay()
  await clock.pass(100)
  return { clock, coordinator, owner, standby }
}

const isOwner = ({ ownership }: Participant): boolean => ownership.isOwner

test('who sees nobody else while the broker waits for others owns the flow; who comes later does not, and learns who does', async () => {
  const { owner, standby } = await twoMembers()
  assert.deepEqual([isOwner(owner), isOwner(standby)], [true, false])
  assert.deepEqual([owner.events, standby.events], [['OwnershipGained'], ['FlowStandsBy']])
  assert.equal(owner.ownership.owner?.generation, 1)
  assert.equal(standby.ownership.owner?.memberId, owner.ownership.owner?.memberId)
  await standby.stop()
  await owner.stop()
})

test('two that join at the same moment are both patient, and one of them gets the flow', async () => {
  const clock = new ManualClock()
  const coordinator = new Coordinator()
  const both = [start(clock, coordinator), start(clock, coordinator)]
  await clock.pass(1_000)
  assert.deepEqual(both.map(isOwner), [false, false])
  coordinator.endDelay()
  await clock.pass(100)
  assert.equal(both.filter(isOwner).length, 1)
  for (const each of both) await each.stop()
})

test('whatever joins, leaves, is taken out and waits, no two own the flow at once', async () => {
  const step = fc.record({
    what: fc.constantFrom('join', 'leave', 'expire', 'end-delay', 'pass'),
    index: fc.nat(5),
    ms: fc.nat(1_500),
  })
  const run = async (steps: readonly { what: string; index: number; ms: number }[]): Promise<void> => {
    const clock = new ManualClock()
    const coordinator = new Coordinator()
    const members: Participant[] = []
    for (const { what, index, ms } of steps) {
      const expired = [...coordinator.members.keys()][index]
      if (what === 'join' && members.length < 4) members.push(start(clock, coordinator))
      if (what === 'leave') await members.splice(index, 1)[0]?.stop()
      // The broker takes nobody out who was heard of within the session; whoever is taken out has been silent for so long.
      if (what === 'expire' && expired !== undefined) {
        coordinator.failure = errors.CONNECTION_TIMED_OUT({
          cluster: 'us',
          broker: '1',
          address: 'x',
          timeoutMs: 1,
          step: 'TCP',
        })
        await clock.pass(sessionTimeoutMs + 200)
        coordinator.failure = null
        coordinator.remove(expired)
      }
      if (what === 'end-delay') coordinator.endDelay()
      await clock.pass(ms)
      assert.ok(members.filter(isOwner).length <= 1)
    }
    coordinator.endDelay()
    await clock.pass(5_000)
    coordinator.endDelay()
    await clock.pass(5_000)
    assert.equal(members.filter(isOwner).length, Math.min(1, members.length))
    for (const each of members) await each.stop()
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), run), { numRuns: 60 })
})

test('the owner keeps the flow while others come and go, and its signal stays quiet', async () => {
  const { clock, coordinator, owner, standby } = await twoMembers()
  const tenure = await owner.ownership.owned({ signal: AbortSignal.timeout(10_000) })
  const visitor = start(clock, coordinator)
  await clock.pass(1_000)
  assert.deepEqual(visitor.events, ['FlowStandsBy'])
  await visitor.stop()
  await clock.pass(1_000)
  await standby.stop()
  await clock.pass(1_000)
  assert.deepEqual([isOwner(owner), tenure.aborted, coordinator.state], [true, false, 'stable'])
  assert.ok(coordinator.generation >= 4, `${coordinator.generation} rebalances`)
  await owner.stop()
})

test('when the owner leaves in order a standby owns the flow within a heartbeat', async () => {
  const { clock, owner, standby } = await twoMembers()
  await owner.stop()
  await clock.pass(600)
  assert.deepEqual([isOwner(standby), standby.events], [true, ['FlowStandsBy', 'OwnershipTaken']])
  await standby.stop()
})

test('an owner that the group does not know any more stops at once, and stands by for its successor', async () => {
  const { clock, coordinator, owner, standby } = await twoMembers()
  const tenure = await owner.ownership.owned({ signal: AbortSignal.timeout(10_000) })
  coordinator.remove(owner.ownership.owner?.memberId ?? '')
  await clock.pass(600)
  assert.deepEqual([tenure.aborted, isOwner(owner), owner.ownership.isSure()], [true, false, false])
  await clock.pass(2_000)
  assert.deepEqual([isOwner(standby), isOwner(owner)], [true, false])
  assert.deepEqual(owner.events, ['OwnershipGained', 'OwnershipLost', 'FlowStandsBy'])
  await owner.stop()
  await standby.stop()
})

test('an owner that slept for longer than a session stops before it asks anybody, and its former member is taken out', async () => {
  const { clock, coordinator, owner, standby } = await twoMembers()
  const tenure = await owner.ownership.owned({ signal: AbortSignal.timeout(10_000) })
  const former = owner.ownership.owner?.memberId ?? ''
  clock.skewMs += 2 * sessionTimeoutMs
  assert.equal(owner.ownership.isSure(), false)
  await clock.pass(100)
  assert.equal(tenure.aborted, true)
  await clock.pass(2_000)
  assert.deepEqual([coordinator.members.has(former), coordinator.members.size], [false, 2])
  assert.equal([owner, standby].filter(isOwner).length, 1)
  await owner.stop()
  await standby.stop()
})

test('while nothing listens where the coordinator should be the owner copies on, without being sure', async () => {
  const { clock, coordinator, owner, standby } = await twoMembers()
  coordinator.failure = errors.CONNECTION_REFUSED({ cluster: 'us', broker: '1', address: 'us:9092' })
  await clock.pass(10 * sessionTimeoutMs)
  assert.deepEqual([isOwner(owner), owner.ownership.isSure()], [true, false])
  assert.ok(owner.events.includes('CoordinatorUnreachable'))
  coordinator.failure = null
  await clock.pass(1_000)
  assert.deepEqual([isOwner(owner), owner.ownership.isSure()], [true, true])
  assert.deepEqual(owner.events, ['OwnershipGained', 'CoordinatorUnreachable', 'CoordinatorBack'])
  await standby.stop()
  await owner.stop()
})

test('an owner that cannot reach the coordinator, and does not know that it is down, stops after a session', async () => {
  const { clock, coordinator, owner } = await twoMembers()
  const step = 'TCP'
  const where = { cluster: 'us', broker: '1', address: 'us:9092', timeoutMs: 1, step }
  coordinator.failure = errors.CONNECTION_TIMED_OUT(where)
  await clock.pass(sessionTimeoutMs - 700)
  assert.equal(isOwner(owner), true)
  await clock.pass(1_400)
  assert.equal(isOwner(owner), false)
  assert.match(
    owner.causes.join('\n'),
    /group eu-mm2 was not heard of for 3\.\d s, so another process may have taken over/,
  )
  coordinator.failure = null
  await clock.pass(2_000)
})

test('a flow that was taken before the group had a generation is not kept through the loss of the coordinator', async () => {
  const clock = new ManualClock()
  const coordinator = new Coordinator()
  const owner = start(clock, coordinator)
  await clock.pass(100)
  assert.equal(owner.ownership.owner?.generation, 0)
  coordinator.failure = errors.CONNECTION_REFUSED({ cluster: 'us', broker: '1', address: 'us:9092' })
  await clock.pass(sessionTimeoutMs + 200)
  assert.equal(isOwner(owner), false)
  coordinator.failure = null
  await owner.stop()
})

test('who cannot say good-bye is remembered, so that the next run of the flow takes it out', async () => {
  const { clock, coordinator, owner, standby } = await twoMembers()
  const memberId = owner.ownership.owner?.memberId ?? ''
  coordinator.failure = errors.CONNECTION_REFUSED({ cluster: 'us', broker: '1', address: 'us:9092' })
  await owner.stop()
  assert.deepEqual([...owner.strays], [memberId])
  coordinator.failure = null
  await clock.pass(1_000)
  await standby.stop()
})
