import type { FlowOwner } from '../mirror/flow-member.ts'

/**
 * Whether this process may copy a flow, as the group on the target has it.
 * ```
 *              alone, assigned to us                      assigned to another
 *   joining ------------------------> owner --------------------------------------> standby
 *    ^  ^ |                          |  ^                                           |  |
 *    |  | |  expelled, lapsed        |  |      alone, assigned to us                |  |
 *    |  | +--------------------------+  +-------------------------------------------+  |
 *    |  +------------------------------------------------------------------ expelled --+
 *    | expelled                    refused (in all but left)
 *   refused <-----------------------------------------------
 * ```
 * A rebalance is no event of its own, what it decides may be one: so whoever owns a flow goes on while others come and go.
 *
 * Invariants (docs/invariants.md):
 * 52. `begin` comes with each step into owner and `cease` with each step out of it: they take turns.
 */
export type OwnershipState =
  /** Not a member yet, or not told yet who owns the flow. `cause`: what came in between; null at first. */
  | { readonly name: 'joining'; readonly cause: string | null }
  /** The group does not take us: it belongs to another program. */
  | { readonly name: 'refused'; readonly cause: string }
  /** Another member owns the flow. Null: the group's leader did not say who. */
  | { readonly name: 'standby'; readonly owner: FlowOwner | null }
  /** This process may copy. */
  | { readonly name: 'owner'; readonly owner: FlowOwner }
  /** It was asked to leave and will not come back. */
  | { readonly name: 'left' }

export type OwnershipEvent =
  /** Nobody else is in the group, while the broker still waits for others to join. */
  | { readonly name: 'alone'; readonly self: FlowOwner }
  /** The group agreed. */
  | { readonly name: 'assigned'; readonly owner: FlowOwner | null; readonly isSelf: boolean }
  | { readonly name: 'refused'; readonly cause: string }
  /** The group does not know us any more: our session expired there, or somebody removed us. */
  | { readonly name: 'expelled'; readonly cause: string }
  /** We have not heard of the group for so long that another may own the flow. */
  | { readonly name: 'lapsed'; readonly cause: string }
  | { readonly name: 'left' }

/** What the caller has to do. */
export type OwnershipEffect =
  | 'begin'
  /** Stop at once: nothing is to be written any more, positions included. */
  | 'cease'
  /** Join as somebody new: the member id means nothing any more. */
  | 'forget-member'

export interface OwnershipTransition {
  readonly state: OwnershipState
  readonly effects: readonly OwnershipEffect[]
}

export const initialOwnershipState: OwnershipState = { name: 'joining', cause: null }

/** Pure and total: an event that does not belong to a state leaves it as it is. */
export function transitionOwnership(state: OwnershipState, event: OwnershipEvent): OwnershipTransition {
  if (state.name === 'left') return { state, effects: [] }
  const isOwner = state.name === 'owner'
  switch (event.name) {
    case 'alone':
      return isOwner ? { state, effects: [] } : { state: { name: 'owner', owner: event.self }, effects: ['begin'] }
    case 'assigned':
      if (event.isSelf && event.owner !== null)
        return { state: { name: 'owner', owner: event.owner }, effects: isOwner ? [] : ['begin'] }
      return { state: { name: 'standby', owner: event.owner }, effects: ceaseIf(isOwner) }
    case 'refused':
      return { state: { name: 'refused', cause: event.cause }, effects: ceaseIf(isOwner) }
    case 'expelled':
      return { state: { name: 'joining', cause: event.cause }, effects: [...ceaseIf(isOwner), 'forget-member'] }
    case 'lapsed':
      return isOwner
        ? { state: { name: 'joining', cause: event.cause }, effects: ['cease', 'forget-member'] }
        : { state, effects: [] }
    case 'left':
      return { state: { name: 'left' }, effects: ceaseIf(isOwner) }
  }
}

function ceaseIf(isOwner: boolean): readonly OwnershipEffect[] {
  return isOwner ? ['cease'] : []
}

/** Why it copies or does not, for people; the end of a sentence. */
export function describeOwnership(state: OwnershipState): string {
  switch (state.name) {
    case 'joining':
    case 'refused':
      return state.cause ?? 'it joins the group'
    case 'standby':
      return state.owner === null
        ? 'another process copies it'
        : `process ${state.owner.pid} on ${state.owner.host} copies it`
    case 'owner':
      return 'this process copies it'
    case 'left':
      return 'it stops'
  }
}
