import type { AclOperation } from '../mirror/acl-binding.ts'
import type { AclResourceType } from './needed-permission.ts'

/** What a user is not allowed to do with one resource. */
export interface MissingGrant {
  readonly principal: string
  readonly bootstrapServer: string
  readonly resourceType: AclResourceType
  readonly name: string
  readonly operations: readonly AclOperation[]
}

/** Names in one command. */
const namesMaxCount = 20
const options: Readonly<Record<AclResourceType, string>> = {
  topic: '--topic',
  group: '--group',
  'transactional-id': '--transactional-id',
  cluster: '--cluster',
}

/**
 * The commands of Kafka's own tool that allow what is missing, as few as that takes: what one resource lacks is put together, and resources that lack the same share a
 * command. To be run by an administrator; a cluster that asks for a login needs --command-config as well.
 * @param prefix   where more topics than fit into a command begin with it, one rule stands for all of them, also for those to come; undefined: there is none
 */
export function aclCommands(missing: readonly MissingGrant[], prefix?: string): string[] {
  const resources = new Map<string, MissingGrant & { readonly wanted: Set<AclOperation> }>()
  for (const grant of missing) {
    const key = JSON.stringify([grant.principal, grant.bootstrapServer, grant.resourceType, grant.name])
    const known = resources.get(key) ?? { ...grant, wanted: new Set() }
    resources.set(key, known)
    for (const operation of grant.operations) known.wanted.add(operation)
  }
  const groups = Map.groupBy(resources.values(), ({ principal, bootstrapServer, resourceType, wanted }) =>
    JSON.stringify([bootstrapServer, principal, resourceType, [...wanted].toSorted()]),
  )
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { bootstrapServer, principal, resourceType, wanted } = first
    const operations = [...wanted].map((operation) => `--operation ${operation}`).join(' ')
    const start = `kafka-acls --bootstrap-server ${bootstrapServer} --add --allow-principal ${quoted(principal)} ${operations}`
    const names = group.map(({ name }) => name)
    return resourceTexts(resourceType, names, prefix).map((resource) => `${start} ${resource}`)
  })
}

function resourceTexts(type: AclResourceType, names: readonly string[], prefix: string | undefined): string[] {
  const option = options[type]
  if (type === 'cluster') return [option]
  if (names.length > namesMaxCount && prefix !== undefined && names.every((name) => name.startsWith(prefix)))
    return [`${option} ${quoted(prefix)} --resource-pattern-type prefixed`]
  const texts: string[] = []
  for (let start = 0; start < names.length; start += namesMaxCount) {
    const some = names.slice(start, start + namesMaxCount)
    texts.push(some.map((name) => `${option} ${quoted(name)}`).join(' '))
  }
  return texts
}

/** For a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
