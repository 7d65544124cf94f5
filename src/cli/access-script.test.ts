import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import type { AclBinding } from '../mirror/acl-binding.ts'
import { accessScript } from './access-script.ts'

const rule: AclBinding = {
  resourceType: 'topic',
  resourceName: "eu.it's",
  patternType: 'literal',
  principal: 'User:CN=a $b, O="c"',
  host: '*',
  operation: 'Write',
  permission: 'allow',
}

const difference = {
  acls: [
    rule,
    { ...rule, resourceType: 'cluster', resourceName: 'kafka-cluster', permission: 'deny' },
    { ...rule, operation: 'Read' },
    { ...rule, resourceType: 'group', resourceName: 'g', patternType: 'prefixed', operation: 'Read' },
  ],
  users: [{ name: 'alice', mechanism: 'SCRAM-SHA-256', iterations: 4096 }],
  quotas: [
    {
      entity: new Map([
        ['user', 'alice'],
        ['client-id', null],
      ]),
      limits: new Map([['producer_byte_rate', 1e6]]),
    },
  ],
  unknown: ['SCRAM users of cluster eu: no\npermission'],
} as const

test('the script runs one command for each rule and quota, and hands names over as they are', () => {
  const script = accessScript([{ flow: 'eu->us', target: 'us', bootstrapServers: ['a:1', 'b:2'], difference }], 'now')
  const show = 'printf "[%s]" "$@"; echo'
  const env = { PATH: process.env['PATH'] ?? '', COMMAND_CONFIG: '/admin.properties' }
  // Instead of Kafka's tools, what shows its arguments.
  const shown = script.replaceAll('"$ACLS"', 'show').replaceAll('"$CONFIGS"', 'show')
  const output = execFileSync('sh', ['-c', `show() { ${show}; }\n${shown}`], { env })
    .toString()
    .trim()
    .split('\n')
  const common = '[--bootstrap-server][a:1,b:2][--command-config][/admin.properties]'
  const principal = `[User:CN=a $b, O="c"]`
  assert.deepEqual(output, [
    `${common}[--add][--allow-principal]${principal}[--allow-host][*][--operation][Write][--operation][Read][--topic][eu.it's][--resource-pattern-type][literal]`,
    `${common}[--add][--deny-principal]${principal}[--deny-host][*][--operation][Write][--cluster]`,
    `${common}[--add][--allow-principal]${principal}[--allow-host][*][--operation][Read][--group][g][--resource-pattern-type][prefixed]`,
    `${common}[--alter][--add-config][producer_byte_rate=1000000][--entity-type][users][--entity-name][alice][--entity-type][clients][--entity-default]`,
  ])
  assert.match(script, /^# NOT KNOWN: SCRAM users of cluster eu: no permission$/m)
  assert.match(script, /^# The SCRAM user alice \(SCRAM-SHA-256\) is not there/m)
})
