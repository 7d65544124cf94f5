import type { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import { Notifier } from '../base/notifier.ts'
import type { GroupClient, JoinedGroup } from '../kafka/group-client.ts'
import { tellsCoordinatorIsDown } from '../kafka/group-client.ts'
import { assignFlows } from '../mirror/flow-assignment.ts'
import { decodeFlowMember, decodeFlowOwner, encodeFlowMember, encodeFlowOwner } from '../mirror/flow-member.ts'
import type { FlowMember, FlowOwner } from '../mirror/flow-member.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { describeForeignGroup, unknownHolder } from './foreign-group.ts'
import { GoneMembers } from './gone-members.ts'
import type { LocalProcess } from './local-process.ts'
import { OwnershipLease } from './ownership-lease.ts'
import type { LeaseMoment } from './ownership-lease.ts'
import { describeOwnership, initialOwnershipState, transitionOwnership } from './ownership-state.ts'
import type { OwnershipEvent, OwnershipState } from './ownership-state.ts'
import { judgeMembership } from './membership-failure.ts'
import { runTogether } from './task-group.ts'

/** What is needed of the group, to be replaced in tests. */
export type OwnershipGroup = Pick<
  GroupClient,
  | 'groupId'
  | 'protocolType'
  | 'cluster'
  | 'bootstrapServers'
  | 'newMemberId'
  | 'join'
  | 'sync'
  | 'heartbeat'
  | 'remove'
  | 'describe'
>

export interface FlowOwnershipDependencies {
  readonly clock: Clock
  readonly observe: Observer<EventName>
  readonly flow: string
  readonly group: OwnershipGroup
  readonly process: LocalProcess
  /** twinlog.session.timeout.ms */
  readonly sessionTimeoutMs: number
  /** Member ids of this flow and process that may still be in the group although nobody answers for them. Kept from run to run. */
  readonly strays: Set<string>
  /** Told in words why the flow does not copy, as often as that changes. */
  readonly onStandby: (cause: string) => void
}

interface SignalOptions {
  readonly signal: AbortSignal
}

/** A member learns of a change in the group by its next heartbeat: this bounds how long a hand-over takes. A heartbeat costs the broker next to nothing. */
const longestHeartbeatMs = 500
const firstLookMs = 10
const leaseCheckMs = 100
const refusedRetryMs = 1_000
const expelledRetryMs = 100
/** So often in a row may the group refuse us without anybody being in it: whoever it was has just left. */
const unexplainedMaxCount = 10

/**
 * This process's part in the group that guards who copies a flow. It carries out what ownership-state.ts decides; docs/decisions/0004 says why it is done like this.
 *
 * There is one JoinGroup or SyncGroup at a time, for the member id that the broker gave; with another id everything begins anew. While it waits for
 * others it looks at the group, otherwise it sends heartbeats: so the lease is renewed at all times.
 *
 * Invariants (docs/invariants.md):
 * 53. Of all processes that take part, at most one believes that it owns a flow, as long as their clocks run and the group has one coordinator.
 * 54. An owner that has heard nothing of the group for a session is not sure of its flow, and stops unless the group has no coordinator.
 */
export class FlowOwnership {
  readonly #deps: FlowOwnershipDependencies
  readonly #lease: OwnershipLease
  readonly #gone: GoneMembers
  readonly #heartbeatMs: number
  readonly #changed = new Notifier()
  #state: OwnershipState = initialOwnershipState
  /** Aborted when the flow is not ours any more. */
  #tenure = new AbortController()
  /** Aborted when the member id means nothing any more. */
  #membership = new AbortController()
  #memberId = ''
  #generation = -1
  /** JoinGroup is on its way: what the group looks like now is what it will look like when it is answered, or more. */
  #isJoining = false
  #unansweredCount = 0
  #unexplainedCount = 0
  #hasStoodBy = false

  constructor(dependencies: FlowOwnershipDependencies) {
    this.#deps = dependencies
    const { clock, sessionTimeoutMs } = dependencies
    this.#gone = new GoneMembers(dependencies)
    this.#lease = new OwnershipLease(clock, sessionTimeoutMs)
    this.#heartbeatMs = Math.min(longestHeartbeatMs, Math.round(sessionTimeoutMs / 3))
  }

  /** Who owns the flow, as far as it is known here. */
  get owner(): FlowOwner | null {
    return 'owner' in this.#state ? this.#state.owner : null
  }

  get isOwner(): boolean {
    return this.#state.name === 'owner'
  }

  /** False as soon as another process may own the flow: then nothing must be written that a successor could not recognise as old. */
  isSure(): boolean {
    return this.isOwner && this.#lease.isSure()
  }

  /** Waits until this process owns the flow. @returns a signal that is aborted when it does no longer */
  async owned({ signal }: SignalOptions): Promise<AbortSignal> {
    while (!this.isOwner) await this.#changed.wait({ signal })
    return this.#tenure.signal
  }

  /**
   * Is a member until the signal, and then leaves the group, so that the next one can begin at once.
   * @throws GROUP_UNAUTHORIZED, SESSION_TIMEOUT_REFUSED, and what else does not pass by itself
   */
  async run({ signal }: SignalOptions): Promise<void> {
    try {
      await runTogether([(until) => this.#takePart(until), (until) => this.#watchLease(until)], { signal })
    } finally {
      this.#send({ name: 'left' })
      await this.#gone.sayGoodBye(this.#memberId)
    }
  }

  // --- membership -------------------------------------------------------------------------------------------------------

  async #takePart(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps
    while (!signal.aborted) {
      const membership = this.#membership.signal
      const either = AbortSignal.any([signal, membership])
      try {
        await this.#join(either)
        await this.#stay(either)
      } catch (error) {
        if (signal.aborted) return
        const delayMs = membership.aborted ? expelledRetryMs : await this.#judge(error, signal)
        await clock.sleep(delayMs, { signal }).catch((reason: unknown) => {
          if (!signal.aborted) throw reason
        })
      }
    }
  }

  async #join(signal: AbortSignal): Promise<void> {
    if (this.#memberId === '') this.#memberId = await this.#deps.group.newMemberId({ signal })
    const agreed = new AbortController()
    const agree = async (until: AbortSignal): Promise<void> => {
      try {
        await this.#agree(until)
      } finally {
        this.#isJoining = false
        agreed.abort()
      }
    }
    const watch = (until: AbortSignal): Promise<void> => this.#watchGroup(AbortSignal.any([until, agreed.signal]))
    await runTogether([agree, watch], { signal })
  }

  /** JoinGroup and SyncGroup: all members come together, and the leader says who owns what. */
  async #agree(signal: AbortSignal): Promise<void> {
    const { group } = this.#deps
    this.#isJoining = true
    const joined = await group.join(this.#memberId, encodeFlowMember(this.#self()), { signal })
    this.#isJoining = false
    const assignments = joined.isLeader ? this.#assign(joined) : []
    const askedAt = this.#lease.now()
    const assignment = await group.sync(this.#memberId, joined.generation, assignments, { signal })
    this.#noteAnswer(askedAt)
    this.#generation = joined.generation
    const owner = decodeFlowOwner(assignment)
    this.#send({ name: 'assigned', owner, isSelf: owner?.memberId === this.#memberId })
  }

  /** The leader's part. What we said of ourselves may be older than our claim. */
  #assign({ members, generation }: JoinedGroup): { memberId: string; assignment: Buffer }[] {
    const grouped = members.map(({ memberId, metadata }) => ({
      memberId,
      member: memberId === this.#memberId ? this.#self() : decodeFlowMember(metadata),
    }))
    const owners = assignFlows(grouped, { generation, nowMs: this.#deps.clock.now() })
    return grouped.map(({ memberId, member }) => ({
      memberId,
      assignment: encodeFlowOwner(member === null ? null : (owners.get(member.flow) ?? null)),
    }))
  }

  /** Sends heartbeats; comes back when the group is to be joined again. */
  async #stay(signal: AbortSignal): Promise<void> {
    const { clock, group } = this.#deps
    for (;;) {
      await clock.sleep(this.#heartbeatMs, { signal })
      const askedAt = this.#lease.now()
      try {
        await group.heartbeat(this.#memberId, this.#generation, { signal })
        this.#noteAnswer(askedAt)
        if (this.#state.name === 'standby' && this.owner !== null)
          await this.#gone.remove([this.owner.memberId], { signal })
      } catch (error) {
        signal.throwIfAborted()
        const verdict = judgeMembership(error)
        if (verdict === 'rejoin') {
          this.#noteAnswer(askedAt)
          return
        }
        if (verdict !== 'wait') throw error
        this.#noteSilence(error, askedAt)
      }
    }
  }

  /** Looks at the group while the others are waited for. */
  async #watchGroup(signal: AbortSignal): Promise<void> {
    for (let delayMs = firstLookMs; ; delayMs = Math.min(2 * delayMs, this.#heartbeatMs)) {
      const askedAt = this.#lease.now()
      try {
        await this.#deps.clock.sleep(delayMs, { signal })
        await this.#look(signal)
      } catch (error) {
        if (signal.aborted) return
        if (judgeMembership(error) !== 'wait') throw error
        this.#noteSilence(error, askedAt)
      }
    }
  }

  /**
   * A new group is held back for group.initial.rebalance.delay.ms (3 s), so that more members can join. Whoever is in it and sees nobody else owns the flow
   * already: a member that comes later sees both of them, and so does not think the same.
   */
  async #look(signal: AbortSignal): Promise<void> {
    const askedAt = this.#lease.now()
    const { members } = await this.#deps.group.describe({ signal })
    if (!members.some(({ memberId }) => memberId === this.#memberId)) return
    this.#noteAnswer(askedAt)
    const others = members.map(({ memberId }) => memberId).filter((memberId) => memberId !== this.#memberId)
    if (others.length === 0 && this.#isJoining) this.#send({ name: 'alone', self: this.#asOwner() })
    await this.#gone.remove(others, { signal })
  }

  async #watchLease(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(leaseCheckMs, { signal }).catch((reason: unknown) => {
        if (!signal.aborted) throw reason
      })
      if (!this.isOwner || this.#lease.mayCopy()) continue
      const silentSeconds = (this.#lease.silentMs() / 1000).toFixed(1)
      this.#send({
        name: 'lapsed',
        cause: `group ${this.#deps.group.groupId} was not heard of for ${silentSeconds} s, so another process may have taken over`,
      })
    }
  }

  // --- what answers and failures mean -------------------------------------------------------------------------------------

  #noteAnswer(askedAt: LeaseMoment): void {
    this.#lease.confirm(askedAt)
    if (this.#unansweredCount > 1) this.#say('CoordinatorBack')
    this.#unansweredCount = 0
  }

  #noteSilence(error: unknown, askedAt: LeaseMoment): void {
    // A flow taken while nobody else was there is not written down anywhere yet: a new coordinator would not know of it.
    if (tellsCoordinatorIsDown(error) && this.owner?.generation !== 0) this.#lease.excuse(askedAt)
    // Once is nothing: a coordinator that moves is found by the next question.
    if (++this.#unansweredCount !== 2) return
    this.#say('CoordinatorUnreachable', { error })
    if (!this.isOwner && error instanceof Error) this.#deps.onStandby(error.message)
  }

  /** @returns after how many ms to join again */
  async #judge(error: unknown, signal: AbortSignal): Promise<number> {
    const { group, sessionTimeoutMs } = this.#deps
    const { cluster, groupId, bootstrapServers } = group
    const askedAt = this.#lease.now()
    switch (judgeMembership(error)) {
      case 'rejoin':
        return 0
      case 'wait':
        this.#noteSilence(error, askedAt)
        return this.#heartbeatMs
      case 'expelled':
        this.#send({ name: 'expelled', cause: error instanceof Error ? error.message : String(error) })
        return expelledRetryMs
      case 'refused':
        return this.#refuse(await describeForeignGroup(group, { signal }))
      case 'session-refused':
        throw errors.SESSION_TIMEOUT_REFUSED({ cluster, sessionTimeoutMs }, { cause: error })
      case 'unauthorized':
        throw errors.GROUP_UNAUTHORIZED({ cluster, groupId, bootstrapServers }, { cause: error })
      case 'fail':
        throw error
    }
  }

  /** @param taken   null: whoever it was has gone meanwhile */
  #refuse(taken: TwinlogError | null): number {
    if (taken === null && ++this.#unexplainedCount < unexplainedMaxCount) return expelledRetryMs
    const error = taken ?? unknownHolder(this.#deps.group)
    this.#unexplainedCount = 0
    const isNews = !('cause' in this.#state) || this.#state.cause !== error.message
    this.#send({ name: 'refused', cause: error.message })
    if (isNews) this.#say('OwnershipRefused', { error })
    return refusedRetryMs
  }

  // --- state --------------------------------------------------------------------------------------------------------------

  #send(event: OwnershipEvent): void {
    const before = this.#state
    const { state, effects } = transitionOwnership(before, event)
    this.#state = state
    for (const effect of effects) {
      switch (effect) {
        case 'begin':
          this.#tenure = new AbortController()
          this.#say(this.#hasStoodBy ? 'OwnershipTaken' : 'OwnershipGained', { generation: this.owner?.generation })
          break
        case 'cease':
          this.#tenure.abort(errors.STOPPING({ what: `Flow ${this.#deps.flow}`, reason: describeOwnership(state) }))
          if (state.name !== 'left') this.#say('OwnershipLost', { cause: describeOwnership(state) })
          break
        case 'forget-member':
          this.#forgetMember()
          break
      }
    }
    if (state !== before) this.#tellStandby(before, state)
    this.#changed.notify()
  }

  #tellStandby(before: OwnershipState, state: OwnershipState): void {
    if (state.name === 'owner' || state.name === 'left' || (state.name === 'joining' && state.cause === null)) return
    this.#hasStoodBy = true
    this.#deps.onStandby(describeOwnership(state))
    if (state.name !== 'standby' || state.owner === null) return
    if (before.name === 'standby' && before.owner?.memberId === state.owner.memberId) return
    this.#say('FlowStandsBy', { ownerHost: state.owner.host, ownerPid: state.owner.pid })
  }

  #forgetMember(): void {
    this.#gone.addStray(this.#memberId)
    this.#memberId = ''
    this.#lease.clear()
    const former = this.#membership
    this.#membership = new AbortController()
    former.abort(errors.STOPPING({ what: 'A membership', reason: 'the group does not know it any more' }))
  }

  #self(): FlowMember {
    const { flow, process } = this.#deps
    const { host, pid } = process.identity
    const { processId, startedAtMs, version } = process
    const claim =
      this.#state.name === 'owner'
        ? { generation: this.#state.owner.generation, sinceMs: this.#state.owner.sinceMs }
        : null
    return { flow, host, pid, processId, startedAtMs, version, claim }
  }

  #asOwner(): FlowOwner {
    const { host, pid } = this.#deps.process.identity
    return { memberId: this.#memberId, host, pid, generation: 0, sinceMs: this.#deps.clock.now() }
  }

  #say(name: EventName, fields: Readonly<Record<string, unknown>> = {}): void {
    const { observe, flow, group } = this.#deps
    observe.event(name, { flow, groupId: group.groupId, cluster: group.cluster, ...fields })
  }
}
