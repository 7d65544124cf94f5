import type { FlowMember, FlowOwner } from './flow-member.ts'

/** A member as the leader of the group sees it. */
export interface GroupedMember {
  readonly memberId: string
  /** Null: what it says of itself was not understood. */
  readonly member: FlowMember | null
}

/**
 * Decides who owns each flow that members want. A flow without an owner goes to the process that has been there longest.
 *
 * Invariants (docs/invariants.md):
 * 50. Each wanted flow has exactly one owner, a member that wants it, whatever the order of the members.
 * 51. Whoever owns a flow and is still there keeps it. Of several claims the one of the latest generation counts: that member took over from the others.
 *
 * @returns the owner of each flow, by its name
 */
export function assignFlows(
  members: readonly GroupedMember[],
  { generation, nowMs }: { readonly generation: number; readonly nowMs: number },
): ReadonlyMap<string, FlowOwner> {
  const best = new Map<string, { memberId: string; member: FlowMember }>()
  for (const { memberId, member } of members) {
    if (member === null) continue
    const candidate = { memberId, member }
    const rival = best.get(member.flow)
    if (rival === undefined || isBefore(candidate, rival)) best.set(member.flow, candidate)
  }
  return new Map(
    [...best].map(([flow, { memberId, member }]) => {
      const { host, pid, claim } = member
      const since = { generation: claim?.generation || generation, sinceMs: claim?.sinceMs ?? nowMs }
      return [flow, { memberId, host, pid, ...since }]
    }),
  )
}

interface Candidate {
  readonly memberId: string
  readonly member: FlowMember
}

function isBefore(a: Candidate, b: Candidate): boolean {
  const byClaim = (b.member.claim?.generation ?? -1) - (a.member.claim?.generation ?? -1)
  if (byClaim !== 0) return byClaim < 0
  const byAge = a.member.startedAtMs - b.member.startedAtMs
  return byAge === 0 ? a.memberId < b.memberId : byAge < 0
}
