/**
 * What the members of the group that guards ownership tell one another. JSON, so that people can read it in Kafka's own tools. A later version
 * only adds fields; what could not be understood that way would be another protocol of the group.
 */
const formatVersion = 1

/** A member's right to a flow: the group's generation that gave it, and when. The right of a later generation has replaced that of an earlier one. */
export interface FlowClaim {
  /** 0: taken while it was alone in a group that had no generation yet. */
  readonly generation: number
  /** Wall clock of the member that gave it, ms since the epoch. */
  readonly sinceMs: number
}

/** What a member says of itself when it joins. A member is one flow of one process. */
export interface FlowMember {
  readonly flow: string
  readonly host: string
  readonly pid: number
  /** Made at the start of the process: no two processes have the same. */
  readonly processId: string
  readonly startedAtMs: number
  /** Of twinlog. */
  readonly version: string
  /** Null: it does not own its flow. */
  readonly claim: FlowClaim | null
}

/** Who owns a flow, as all its members are told. */
export interface FlowOwner extends FlowClaim {
  readonly memberId: string
  readonly host: string
  readonly pid: number
}

export function encodeFlowMember(member: FlowMember): Buffer {
  return Buffer.from(JSON.stringify({ formatVersion, ...member }))
}

/** @returns null when it is not understood: such a member gets nothing */
export function decodeFlowMember(bytes: Buffer): FlowMember | null {
  const fields = parse(bytes)
  if (fields === null) return null
  const { flow, host, pid, processId, startedAtMs, version, claim } = fields
  if (typeof flow !== 'string' || typeof host !== 'string' || !isCount(pid)) return null
  if (typeof processId !== 'string' || !isCount(startedAtMs) || typeof version !== 'string') return null
  return { flow, host, pid, processId, startedAtMs, version, claim: claimOf(claim) }
}

/** @param owner   null: nobody; no leader of ours says so of a flow that has members */
export function encodeFlowOwner(owner: FlowOwner | null): Buffer {
  return Buffer.from(JSON.stringify({ formatVersion, owner }))
}

/** @returns null when nobody owns the flow, or when it is not understood */
export function decodeFlowOwner(bytes: Buffer): FlowOwner | null {
  const owner = parse(bytes)?.owner
  if (!isRecord(owner)) return null
  const { memberId, host, pid } = owner
  const claim = claimOf(owner)
  if (typeof memberId !== 'string' || typeof host !== 'string' || !isCount(pid) || claim === null) return null
  return { memberId, host, pid, ...claim }
}

function claimOf(value: unknown): FlowClaim | null {
  if (!isRecord(value)) return null
  const { generation, sinceMs } = value
  return isCount(generation) && isCount(sinceMs) ? { generation, sinceMs } : null
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isRecord(value) && isCount(value.formatVersion) && value.formatVersion >= 1 ? value : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
