/** One process, told so that another one can find out whether it still lives. */
export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  /** Within a place a pid means the same process for everybody: a hash of host, boot and pid namespace. Null where the system does not tell. */
  readonly place: string | null
  /** When it started, in the kernel's ticks since boot: tells it from a later process with the same pid. Null where the system does not tell. */
  readonly startTicks: number | null
}

/**
 * The client.id of a member of the ownership group: `twinlog-<flow>@<host>/<pid>#<place>.<ticks>`. Kafka shows client ids of a group's members
 * in each of its states, and what members say of themselves only while it is stable; and a member id begins with the client.id.
 */
export function memberClientId(flow: string, { host, pid, place, startTicks }: ProcessIdentity): string {
  const origin = place === null || startTicks === null ? '' : `#${place}.${startTicks}`
  return `twinlog-${flow}@${host.replaceAll(/[@/#]/g, '_')}/${pid}${origin}`
}

const pattern = /^twinlog-.*@(?<host>[^@/#]*)\/(?<pid>\d+)(?:#(?<place>[0-9a-f]+)\.(?<ticks>\d+))?(?:-|$)/

/**
 * @param text   a client.id or a member id of the group
 * @returns      null when it is none of ours
 */
export function parseMemberClientId(text: string): ProcessIdentity | null {
  const groups = pattern.exec(text)?.groups
  if (groups === undefined) return null
  const { host = '', pid, place, ticks } = groups
  return { host, pid: Number(pid), place: place ?? null, startTicks: ticks === undefined ? null : Number(ticks) }
}
