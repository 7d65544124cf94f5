import type { AccessDifference } from '../control/access-difference.ts'
import type { ClientQuota } from '../kafka/client-quotas.ts'
import type { ScramUser } from '../kafka/scram-users.ts'
import type { AclBinding } from '../mirror/acl-binding.ts'
import { aclKey } from '../mirror/acl-binding.ts'

export interface AccessScriptOf {
  readonly flow: string
  readonly target: string
  readonly bootstrapServers: readonly string[]
  readonly difference: AccessDifference
}

/**
 * A shell script that gives the target what it lacks, one command a line; to be read before it is run. SCRAM users are there as comments: somebody has to choose
 * their passwords.
 * @param madeAt   ISO 8601
 */
export function accessScript(flows: readonly AccessScriptOf[], madeAt: string): string {
  const head = [
    '#!/bin/sh',
    `# Written by twinlog acls export, ${madeAt}: what targets lack of access rules, users and quotas of their`,
    '# sources. To be applied when programs move over. Read it first: it lets them write there.',
    '# COMMAND_CONFIG names a file with the settings of an administrator, if the target wants a login.',
    'set -e',
    'ACLS="${KAFKA_ACLS:-kafka-acls.sh}"',
    'CONFIGS="${KAFKA_CONFIGS:-kafka-configs.sh}"',
    'OPTIONS="${COMMAND_CONFIG:+--command-config $COMMAND_CONFIG}"',
  ]
  return `${[...head, ...flows.flatMap(flowLines)].join('\n')}\n`
}

function flowLines({ flow, target, bootstrapServers, difference }: AccessScriptOf): string[] {
  const { acls, users, quotas, unknown } = difference
  const isEmpty = acls.length + users.length + quotas.length === 0
  return [
    '',
    `# --- ${flow}: to be applied to ${target}`,
    `BOOTSTRAP="\${BOOTSTRAP_SERVER:-${bootstrapServers.join(',')}}"`,
    ...unknown.map((what) => `# NOT KNOWN: ${oneLine(what)}`),
    ...(isEmpty ? [`# ${target} lacks nothing${unknown.length > 0 ? ' that is known' : ''}.`] : []),
    ...groupedByRule(acls).map(aclLine),
    ...quotas.map(quotaLine),
    ...users.flatMap(userLines),
  ]
}

/** Rules that differ in nothing but the operation share a command, each of which starts a JVM. */
function groupedByRule(acls: readonly AclBinding[]): (readonly AclBinding[])[] {
  return [...Map.groupBy(acls, (binding) => aclKey({ ...binding, operation: 'All' })).values()]
}

function aclLine(group: readonly AclBinding[]): string {
  const [first] = group
  if (first === undefined) return ''
  const { resourceType, resourceName, patternType, principal, host, permission } = first
  const resource =
    resourceType === 'cluster'
      ? '--cluster'
      : `--${resourceType === 'user' ? 'user-principal' : resourceType} ${quote(resourceName)} --resource-pattern-type ${patternType}`
  return [
    '"$ACLS" --bootstrap-server "$BOOTSTRAP" $OPTIONS --add',
    `--${permission}-principal ${quote(principal)} --${permission}-host ${quote(host)}`,
    ...group.map(({ operation }) => `--operation ${operation}`),
    resource,
  ].join(' ')
}

const entityOptions: Readonly<Record<string, string>> = { user: 'users', 'client-id': 'clients', ip: 'ips' }

function quotaLine({ entity, limits }: ClientQuota): string {
  const configs = [...limits].map(([name, value]) => `${name}=${value}`).join(',')
  const entities = [...entity].map(([type, name]) => {
    const option = `--entity-type ${entityOptions[type] ?? quote(type)}`
    return name === null ? `${option} --entity-default` : `${option} --entity-name ${quote(name)}`
  })
  return `"$CONFIGS" --bootstrap-server "$BOOTSTRAP" $OPTIONS --alter --add-config ${quote(configs)} ${entities.join(' ')}`
}

function userLines({ name, mechanism, iterations }: ScramUser): string[] {
  const secret = quote(`${mechanism}=[iterations=${iterations},password=CHOOSE-ONE]`)
  const command = '"$CONFIGS" --bootstrap-server "$BOOTSTRAP" $OPTIONS --alter'
  return [
    `# The SCRAM user ${oneLine(name)} (${mechanism}) is not there. Secrets cannot be copied: choose a password, or copy it by hand.`,
    `# ${command} --entity-type users --entity-name ${oneLine(quote(name))} --add-config ${secret}`,
  ]
}

/** For /bin/sh: nothing in it means anything. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** For a comment. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ')
}
