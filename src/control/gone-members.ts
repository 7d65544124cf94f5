import { classify } from '../kafka/kafka-error.ts'
import type { GroupClient } from '../kafka/group-client.ts'
import { parseMemberClientId } from '../mirror/process-identity.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { LocalProcess } from './local-process.ts'

export interface GoneMembersDependencies {
  readonly observe: Observer<EventName>
  readonly flow: string
  readonly group: Pick<GroupClient, 'groupId' | 'remove'>
  readonly process: LocalProcess
  /** Member ids of this flow and process that may still be in the group although nobody answers for them. Kept from run to run. */
  readonly strays: Set<string>
}

const leaveTimeoutMs = 1_500

/** Takes members out of the group whose session need not be waited for: ourselves at the end, and processes of which it can be known that they are gone. */
export class GoneMembers {
  readonly #deps: GoneMembersDependencies

  constructor(dependencies: GoneMembersDependencies) {
    this.#deps = dependencies
  }

  /** Remembers a member id of ours that means nothing any more; an empty one is none. */
  addStray(memberId: string): void {
    if (memberId !== '') this.#deps.strays.add(memberId)
  }

  /** Takes those of them out that are gone for certain. To be called by a member: a group that becomes empty is held back like a new one. */
  async remove(memberIds: readonly string[], { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { group, process, strays, observe, flow } = this.#deps
    const gone = memberIds.filter((memberId) => {
      const identity = parseMemberClientId(memberId)
      return strays.has(memberId) || (identity !== null && process.isGone(identity))
    })
    if (gone.length === 0) return
    await group.remove(gone, 'its process has ended', { signal })
    for (const memberId of gone) {
      if (strays.delete(memberId)) continue
      const pid = parseMemberClientId(memberId)?.pid
      observe.event('MemberRemoved', { flow, groupId: group.groupId, pid, memberId })
    }
  }

  /** Leaves, so that the next one can begin at once. Who cannot say good-bye is missed after the session timeout, or taken out by the flow's next run. */
  async sayGoodBye(memberId: string): Promise<void> {
    const { group, strays } = this.#deps
    this.addStray(memberId)
    if (strays.size === 0) return
    try {
      await group.remove([...strays], 'it stops', { signal: AbortSignal.timeout(leaveTimeoutMs) })
      strays.clear()
    } catch (error) {
      if (classify(error).kind === 'defect') throw error
    }
  }
}
