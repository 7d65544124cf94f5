import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inheritedClientKeys } from '../../src/config/client-keys.ts'
import { javaSettings } from '../support/java-settings.ts'
import { kafkaSettings } from '../support/kafka-settings.ts'
import { connectorKeys } from '../../src/config/connector-keys.ts'
import { formerNames } from '../../src/config/flow-settings.ts'
import { askMirrorMaker } from '../support/settings-oracle.ts'
import { parseProperties } from '../../src/config/properties.ts'
import { connectorClientView, connectorView, workerView } from '../../src/config/view.ts'
import type { View } from '../../src/config/view.ts'

/** A file in which every rule of scope and precedence meets another one. */
const file = `
clusters = A, B
A.bootstrap.servers = a:1
B.bootstrap.servers = b:1
security.protocol = SSL
B.security.protocol = PLAINTEXT
ssl.truststore.location = /top
A.ssl.truststore.location = /a
A.consumer.ssl.truststore.location = /ac
A->B.enabled = true
A.consumer.isolation.level = read_committed
A->B.consumer.isolation.level = read_uncommitted
A->B.consumer.fetch.min.bytes = 5
A->B.source.consumer.fetch.max.bytes = 6
A->B.source.admin.retries = 6
A->B.admin.retries = 7
B.admin.request.timeout.ms = 8
A.request.timeout.ms = 9
B.request.timeout.ms = 10
B.producer.linger.ms = 11
A->B.producer.override.linger.ms = 12
A->B.producer.linger.ms = 13
offset.storage.topic = x
B.offset.storage.topic = y
B.offset.flush.interval.ms = 1
offset.flush.interval.ms = 2
tasks.max = 3
task.foo = 1
worker.foo = 2
topics = a
A->B.topics = b
A.topics = c
use.defaults.from = source
replication.policy.separator = _
producer.acks = 1
consumer.x = 1
admin.timeout.ms = 5
A.admin.timeout.ms = 6
A->B.source.cluster.bootstrap.servers = zzz:1
`

/** What MirrorMaker 2 adds by itself; flow-plan-flow.ts has these as defaults. */
const added: Readonly<Record<string, readonly string[]>> = {
  worker: [
    'client.id',
    'group.id',
    'config.storage.topic',
    'status.storage.topic',
    'key.converter',
    'value.converter',
    'header.converter',
  ],
  connector: ['name', 'connector.class', 'source.cluster.alias', 'target.cluster.alias'],
  'source.consumer': ['auto.offset.reset', 'client.id', 'enable.auto.commit'],
  'source.admin': ['client.id'],
  'target.admin': ['client.id'],
}

test('every view of the settings is the one that the real MirrorMaker 2 has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'twinlog-settings-'))
  try {
    writeFileSync(join(folder, 'mm2.properties'), file)
    const [seen] = await askMirrorMaker([join(folder, 'mm2.properties')], {})
    const theirs = seen?.flows?.['A->B']?.views ?? {}
    const { properties } = parseProperties(file, 'mm2.properties')
    const connector = connectorView(properties, { source: 'A', target: 'B' }, (key) => connectorKeys.has(key))
    const views: Readonly<Record<string, View>> = {
      worker: workerView(properties, 'B'),
      connector,
      'source.consumer': connectorClientView(connector, 'source', 'consumer'),
      'source.admin': connectorClientView(connector, 'source', 'admin'),
      'target.admin': connectorClientView(connector, 'target', 'admin'),
    }
    for (const [name, view] of Object.entries(views)) {
      const wanted = Object.entries(theirs[name] ?? {}).filter(([key]) => added[name]?.includes(key) !== true)
      assert.ok(wanted.length >= 5)
      const ours = Object.fromEntries([...view].map(([key, { value }]) => [key, value]))
      assert.deepEqual(ours, Object.fromEntries(wanted), name)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the captured list of settings is that of the real Kafka', async () => {
  assert.deepEqual(kafkaSettings(), await javaSettings(), 'run: node test/support/capture-settings.ts')
})

test('the inherited client keys and the connector keys are those of the captured list', () => {
  const kafka = kafkaSettings()
  assert.deepEqual([...inheritedClientKeys].toSorted(), Object.keys(kafka.client).toSorted())
  const ofConnectors = (['source', 'checkpoint', 'heartbeat'] as const).flatMap((name) =>
    Object.keys(kafka[`${name}.connector`]),
  )
  const former = Object.values(formerNames)
  const ours = [...connectorKeys].filter((key) => !former.includes(key))
  assert.deepEqual(ours.toSorted(), [...new Set(ofConnectors)].toSorted())
})
