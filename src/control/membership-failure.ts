import { TwinlogError } from '../base/catalogue.ts'
import { classify } from '../kafka/kafka-error.ts'

/** What a failed call to the group's coordinator means for a membership. */
export type MembershipVerdict =
  /** We are a member, and all are to join again. */
  | 'rejoin'
  /** No answer, or one that passes: ask again. */
  | 'wait'
  /** The group does not know us, or knows us no longer. */
  | 'expelled'
  /** It belongs to another program, or is full. */
  | 'refused'
  | 'session-refused'
  | 'unauthorized'
  /** Nothing that time would mend. */
  | 'fail'

const verdicts: Readonly<Record<string, MembershipVerdict>> = {
  REBALANCE_IN_PROGRESS: 'rejoin',
  UNKNOWN_MEMBER_ID: 'expelled',
  ILLEGAL_GENERATION: 'expelled',
  FENCED_INSTANCE_ID: 'expelled',
  MEMBER_ID_REQUIRED: 'expelled',
  INCONSISTENT_GROUP_PROTOCOL: 'refused',
  GROUP_MAX_SIZE_REACHED: 'refused',
  INVALID_SESSION_TIMEOUT: 'session-refused',
  GROUP_AUTHORIZATION_FAILED: 'unauthorized',
}

/** Total: what nobody knows fails. */
export function judgeMembership(error: unknown): MembershipVerdict {
  if (error instanceof TwinlogError && typeof error.parameters.error === 'string') {
    const verdict = verdicts[error.parameters.error]
    if (verdict !== undefined) return verdict
  }
  const { kind, action } = classify(error)
  return kind === 'operational' && (action === 'retry' || action === 'refresh-metadata') ? 'wait' : 'fail'
}
