import { TwinlogError } from '../base/catalogue.ts'
import type { CallOptions, ClusterClient } from './cluster-client.ts'
import { kafkaError } from './kafka-error.ts'

export interface GroupClientOptions {
  readonly groupId: string
  /** Kafka lets nobody into a group who has another one: that keeps other programs out while we are in, and us while they are. */
  readonly protocolType: string
  readonly protocolName: string
  readonly sessionTimeoutMs: number
  /** How long the coordinator waits for members to join again before it goes on without them. */
  readonly rebalanceTimeoutMs: number
}

/** A member as everybody may see it, in any state of the group. */
export interface GroupMemberInfo {
  readonly memberId: string
  readonly clientId: string
  /** As the broker sees it: `/127.0.0.1`. */
  readonly clientHost: string
}

export interface GroupInfo {
  /** Empty for a group without members that never had any. */
  readonly protocolType: string
  readonly members: readonly GroupMemberInfo[]
}

/** What a round of joining came to. */
export interface JoinedGroup {
  readonly generation: number
  readonly isLeader: boolean
  /** All members with what they say of themselves; only the leader is told. */
  readonly members: readonly { readonly memberId: string; readonly metadata: Buffer }[]
}

interface GroupCallOptions {
  readonly signal: AbortSignal
}

/** JoinGroup is answered when the last member has joined or its time is over; this is added for the way. */
const joinMarginMs = 10_000
const memberIdRequired = 79

/**
 * One member of a classic consumer group, call by call. A broker reads nothing more from a connection while a JoinGroup or SyncGroup on it waits for
 * other members, so those go through a client of their own. Nothing is tried again here: what a failure means for the membership is the caller's to judge.
 * Source: AbstractCoordinator (Kafka's clients), GroupMetadataManager (Kafka's brokers).
 */
export class GroupClient {
  readonly groupId: string
  readonly protocolType: string
  readonly #options: GroupClientOptions
  readonly #blocking: ClusterClient
  readonly #quick: ClusterClient

  /**
   * @param blocking  for calls that wait for other members; its client.id is what others see of the member
   * @param quick     for all other calls
   */
  constructor(blocking: ClusterClient, quick: ClusterClient, options: GroupClientOptions) {
    this.groupId = options.groupId
    this.protocolType = options.protocolType
    this.#options = options
    this.#blocking = blocking
    this.#quick = quick
  }

  /** Alias of the cluster. */
  get cluster(): string {
    return this.#quick.alias
  }

  /** How the brokers were told to be reached, for messages. */
  get bootstrapServers(): string {
    return this.#quick.settings.bootstrapServers.join(',')
  }

  /** Asks for a member id, which joining needs. Nothing waits for such a member; the broker forgets the id after the session timeout. */
  async newMemberId({ signal }: GroupCallOptions): Promise<string> {
    try {
      const answer = await this.#joinGroup('', Buffer.alloc(0), { signal })
      return answer.memberId
    } catch (error) {
      const memberId = givenMemberId(error)
      if (memberId === null) throw error
      return memberId
    }
  }

  /** Joins, and waits until all members have done so, or have been given up. */
  async join(memberId: string, metadata: Buffer, { signal }: GroupCallOptions): Promise<JoinedGroup> {
    const answer = await this.#joinGroup(memberId, metadata, { signal })
    const { generationId: generation, leader, members } = answer
    return { generation, isLeader: leader === memberId, members }
  }

  /**
   * Waits for the leader's decision.
   * @param assignments   from the leader: what each member is told; from others nothing
   */
  async sync(
    memberId: string,
    generation: number,
    assignments: readonly { memberId: string; assignment: Buffer }[],
    { signal }: GroupCallOptions,
  ): Promise<Buffer> {
    const { protocolType, protocolName } = this.#options
    const answer = await this.#blocking.call(
      'syncGroup',
      this.#coordinator,
      [this.groupId, generation, memberId, null, protocolType, protocolName, [...assignments]],
      { signal, retries: 0, timeoutMs: this.#waitMs },
    )
    return answer.assignment
  }

  /** @throws KAFKA_REJOIN_NEEDED: REBALANCE_IN_PROGRESS says that we are a member still */
  async heartbeat(memberId: string, generation: number, { signal }: GroupCallOptions): Promise<void> {
    const args = [this.groupId, generation, memberId, null] as [string, number, string, null]
    await this.#quick.call('heartbeat', this.#coordinator, args, this.#quickly(signal))
  }

  /** Takes members out of the group, our own or others; those that it does not have are passed over. */
  async remove(memberIds: readonly string[], reason: string, { signal }: GroupCallOptions): Promise<void> {
    const members = memberIds.map((memberId) => ({ memberId, groupInstanceId: null, reason }))
    await this.#quick.call('leaveGroup', this.#coordinator, [this.groupId, members], this.#quickly(signal))
  }

  /** Who is in the group, whoever they are. */
  async describe({ signal }: GroupCallOptions): Promise<GroupInfo> {
    const args = [[this.groupId], false] as [string[], boolean]
    const answer = await this.#quick.call('describeGroups', this.#coordinator, args, this.#quickly(signal))
    const { errorCode = 0, protocolType = '', members = [] } = answer.groups[0] ?? {}
    const context = { cluster: this.cluster, broker: 'any', api: `DescribeGroups of ${this.groupId}` }
    if (errorCode !== 0) throw kafkaError(errorCode, context)
    return {
      protocolType,
      members: members.map(({ memberId, clientId, clientHost }) => ({ memberId, clientId, clientHost })),
    }
  }

  get #coordinator(): { coordinator: 'group'; key: string } {
    return { coordinator: 'group', key: this.groupId }
  }

  get #waitMs(): number {
    return this.#options.rebalanceTimeoutMs + joinMarginMs
  }

  #quickly(signal: AbortSignal): CallOptions {
    return { signal, retries: 0, timeoutMs: Math.max(1_000, Math.round(this.#options.sessionTimeoutMs / 3)) }
  }

  async #joinGroup(memberId: string, metadata: Buffer, { signal }: GroupCallOptions) {
    const { sessionTimeoutMs, rebalanceTimeoutMs, protocolType, protocolName } = this.#options
    return this.#blocking.call(
      'joinGroup',
      this.#coordinator,
      [
        this.groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId,
        null,
        protocolType,
        [{ name: protocolName, metadata }],
        null,
      ],
      { signal, retries: 0, timeoutMs: this.#waitMs },
    )
  }
}

/** The answer that demands a member id brings one. */
function givenMemberId(error: unknown): string | null {
  if (!(error instanceof TwinlogError) || error.parameters.errorCode !== memberIdRequired) return null
  const { cause } = error
  if (!(cause instanceof Error) || !('response' in cause)) return null
  const response = cause.response as { readonly memberId?: unknown }
  return typeof response.memberId === 'string' && response.memberId !== '' ? response.memberId : null
}

/**
 * Whether a failed call to a group's coordinator tells that it has none just now: the cluster says so, or nothing listens where it should be. Then nobody
 * can have been given anything by it.
 */
export function tellsCoordinatorIsDown(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (!(each instanceof TwinlogError)) continue
    const { error: name } = each.parameters
    if (each.code === 'CONNECTION_REFUSED') return true
    if (name === 'COORDINATOR_NOT_AVAILABLE' || name === 'COORDINATOR_LOAD_IN_PROGRESS') return true
  }
  return false
}
