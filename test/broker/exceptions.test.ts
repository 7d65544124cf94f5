import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createAcls, createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { mustRun } from '../../dev/kafka/command.ts'
import { propertiesText } from '../../dev/kafka/broker-properties.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import { mustRunTool } from '../../dev/kafka/tools.ts'
import { longTest } from '../support/long-test.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Both sides; its administrators come through the other listener. */
let cluster: KafkaCluster

before(async () => {
  cluster = await startCluster({ authorizer: true })
  const all = (resourceType: 'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID') => {
    return { resourceType, name: '*', operation: 'ALL' } as const
  }
  await createAcls(
    cluster,
    ...[all('TOPIC'), all('GROUP'), all('TRANSACTIONAL_ID')],
    { resourceType: 'CLUSTER', name: 'kafka-cluster', operation: 'ALL' },
    { resourceType: 'TOPIC', name: 'blind.weak', operation: 'READ', permission: 'DENY' },
  )
  await createTopics(cluster, { name: 'weak' })
  await write('weak', 50)
})

after(() => cluster[Symbol.asyncDispose]())

function start(alias: string, properties: MirrorOptions['properties'] = {}): Promise<Mirror> {
  return startMirror({ source: cluster, target: cluster, alias, topics: 'weak', properties })
}

async function write(topic: string, count: number): Promise<void> {
  const steps = Array.from({ length: count }, (_, index) => ({ topic, partition: 0, key: String(index) }))
  await produceRecords(cluster.adminProperties, steps)
}

/** Waits until the JSON status tells this of the flow's exceptions. */
async function untilException(twinlog: Mirror, figure: string, value: unknown): Promise<void> {
  await twinlog.waitForStatus(({ flows }) => {
    const [flow] = flows as readonly { exceptions: Readonly<Record<string, unknown>> | null }[]
    return flow?.exceptions?.[figure] === value
  })
}

test('a remote topic that may not be read, and somebody who writes to it, are said in the log and counted in the status', async () => {
  await using twinlog = await start('blind')
  await twinlog.waitUntilCopied('weak')
  const { msg, level } = await twinlog.waitForEvent('TargetBlind')
  assert.match(msg, /kafka-acls --add .* --operation Read --topic blind\.weak/)
  assert.equal(level, 'warn')
  await untilException(twinlog, 'blindPartitionsCount', 1)
  await untilException(twinlog, 'foreignWritesTotal', 0)
  await write('blind.weak', 1)
  await write('weak', 10)
  await twinlog.waitForEvent('ForeignWriteFound')
  await untilException(twinlog, 'foreignWritesTotal', 1)
  await untilException(twinlog, 'isIdempotent', true)
  await twinlog.stop()
})

longTest(
  'what a target lacks for a failover is a script for its administrator: rules with WRITE and groups, quotas, users',
  async () => {
    const rule = { resourceType: 'TOPIC', name: 'weak', principal: 'User:mover', operation: 'WRITE' } as const
    await createAcls(cluster, rule, { ...rule, resourceType: 'GROUP', name: 'movers', operation: 'READ' })
    const options = { source: cluster, target: cluster, alias: 'moved', topics: 'weak' }
    const folder = mkdtempSync(join(tmpdir(), 'twinlog-acls-'))
    try {
      const [file, output] = [join(folder, 'mm2.properties'), join(folder, 'failover.sh')]
      writeFileSync(file, propertiesText(mirrorProperties(options)))
      await mustRun(process.execPath, [main, 'acls', 'export', file, '--output', output])
      const script = readFileSync(output, 'utf8')
      assert.match(script, /--operation Write --topic 'moved\.weak'/)
      // Both sides are one cluster: the rules of groups are there already.
      assert.doesNotMatch(script, /movers/)
      const admin = join(folder, 'admin.properties')
      writeFileSync(admin, propertiesText(cluster.adminProperties))
      const java = join(folder, 'kafka-acls.sh')
      const acls = `exec java -cp '${cluster.installation.classPath}' org.apache.kafka.tools.AclCommand "$@"`
      writeFileSync(java, `#!/bin/sh\n${acls}\n`, { mode: 0o755 })
      const env = {
        KAFKA_ACLS: java,
        COMMAND_CONFIG: admin,
        BOOTSTRAP_SERVER: cluster.adminProperties['bootstrap.servers'],
      }
      await mustRun('sh', [output], { env: { ...process.env, ...env } })
      const listed = await mustRunTool(cluster, 'kafka-acls', ['--list', '--topic', 'moved.weak'])
      assert.match(listed, /principal=User:mover, host=\*, operation=WRITE, permissionType=ALLOW/)
      const { stdout: again } = await mustRun(process.execPath, [main, 'acls', 'export', file])
      assert.doesNotMatch(again, /mover/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)

test('remote topics get the access rules of their sources as MirrorMaker 2 gives them, once', async () => {
  const of = (principal: string, operation: string, more: object = {}) => {
    return { resourceType: 'TOPIC', name: 'weak', principal: `User:${principal}`, operation, ...more } as const
  }
  await createAcls(
    cluster,
    of('reader', 'READ'),
    of('writer', 'WRITE'),
    of('owner', 'ALL'),
    of('intruder', 'ALL', { permission: 'DENY' }),
    of('prefixed', 'READ', { name: 'wea', patternType: 'PREFIXED' }),
    { ...of('reader', 'READ'), resourceType: 'GROUP', name: 'readers' },
  )
  await using twinlog = await start('ruled', { 'sync.topic.acls.interval.seconds': '1' })
  const first = await twinlog.waitForEvent('AclsCreated')
  assert.equal(first['rulesCount'], 3)
  const listed = await mustRunTool(cluster, 'kafka-acls', ['--list', '--topic', 'ruled.weak'])
  const rules = [...listed.matchAll(/principal=User:(\w+), host=\*, operation=(\w+), permissionType=(\w+)/g)]
  // Those of `*` and of prefixes are listed as well.
  const ours = rules.map(([, ...rule]) => rule.join(' ')).filter((rule) => /reader|writer|owner|intruder/.test(rule))
  assert.deepEqual(ours.sort(), ['intruder ALL DENY', 'owner READ ALLOW', 'reader READ ALLOW'])
  await createAcls(cluster, of('newcomer', 'DESCRIBE'))
  const second = await twinlog.waitForEvent('AclsCreated', ({ principal }) => principal === 'User:newcomer')
  assert.equal(second['rulesCount'], 1)
  await twinlog.stop()
})

test('idempotence that is off is said in the log and shown in the status', async () => {
  await using twinlog = await start('loose', { 'us.producer.enable.idempotence': 'false' })
  await twinlog.waitUntilCopied('weak')
  assert.equal((await twinlog.waitForEvent('IdempotenceDisabled')).level, 'warn')
  await untilException(twinlog, 'isIdempotent', false)
  await untilException(twinlog, 'blindPartitionsCount', 0)
  await twinlog.stop()
})
