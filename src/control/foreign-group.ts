import type { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { GroupClient, GroupInfo } from '../kafka/group-client.ts'
import { judgeMembership } from './membership-failure.ts'

const namedMaxCount = 5

/**
 * Finds out who holds a group that did not let us in.
 * @returns GROUP_TAKEN, which names them; null when it is nobody's any more
 */
export async function describeForeignGroup(
  group: Pick<GroupClient, 'groupId' | 'cluster' | 'protocolType' | 'describe'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<TwinlogError | null> {
  const { groupId, cluster } = group
  try {
    const info = await group.describe({ signal })
    if (info.members.length === 0 || info.protocolType === group.protocolType) return null
    return errors.GROUP_TAKEN({ groupId, cluster, program: programOf(info), members: membersOf(info) })
  } catch (error) {
    if (judgeMembership(error) !== 'wait') throw error
    return null
  }
}

/** For a group that lets us not in and does not show its members, such as one of Kafka's newer consumer protocol. */
export function unknownHolder({ groupId, cluster }: Pick<GroupClient, 'groupId' | 'cluster'>): TwinlogError {
  const members = 'Kafka does not tell which (kafka-groups.sh --list, kafka-consumer-groups.sh --describe --members)'
  return errors.GROUP_TAKEN({ groupId, cluster, program: 'another program', members })
}

function programOf({ protocolType }: GroupInfo): string {
  if (protocolType === 'connect') return 'a running MirrorMaker 2 (or another worker of Kafka Connect)'
  return `another program (protocol type ${protocolType === '' ? 'unknown' : protocolType})`
}

function membersOf({ members }: GroupInfo): string {
  const named = members.slice(0, namedMaxCount).map(({ clientId, clientHost }) => {
    return `client ${clientId} at ${clientHost.replace(/^\//, '')}`
  })
  const moreCount = members.length - named.length
  return [...named, ...(moreCount > 0 ? [`${moreCount} more`] : [])].join(', ')
}
