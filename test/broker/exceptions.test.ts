import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAcls, createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror, MirrorOptions } from '../support/mirror.ts'

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

test('idempotence that is off is said in the log and shown in the status', async () => {
  await using twinlog = await start('loose', { 'us.producer.enable.idempotence': 'false' })
  await twinlog.waitUntilCopied('weak')
  assert.equal((await twinlog.waitForEvent('IdempotenceDisabled')).level, 'warn')
  await untilException(twinlog, 'isIdempotent', false)
  await untilException(twinlog, 'blindPartitionsCount', 0)
  await twinlog.stop()
})
