import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAcls, createTopics } from './admin.ts'
import { startCluster } from './cluster.ts'
import type { KafkaCluster } from './cluster.ts'
import { longTest } from '../../test/support/long-test.ts'
import { KAFKA_VERSIONS } from './install.ts'
import { dumpRecords, produceRecords } from './records.ts'
import type { ClientProperties } from './records.ts'
import { mustRunTool } from './tools.ts'

const ALICE = { name: 'alice', password: 'alice-secret' }

/** Fails soon instead of trying for a minute. */
const IMPATIENT = { 'request.timeout.ms': '4000', 'default.api.timeout.ms': '4000', 'max.block.ms': '4000' }

async function assertRoundTrip(cluster: KafkaCluster, client: ClientProperties, topic: string): Promise<void> {
  await createTopics(cluster, { name: topic })
  await produceRecords(client, [{ topic, partition: 0, value: 'x' }])
  const [record] = await dumpRecords({ client, topic })
  assert.equal(record?.value?.toString(), 'x')
}

async function assertConsoleTools(cluster: KafkaCluster, client: ClientProperties, topic: string): Promise<void> {
  await mustRunTool(cluster, 'kafka-console-producer', ['--topic', topic], { client, stdin: 'y\n' })
  const args = ['--topic', topic, '--from-beginning', '--max-messages', '2', '--timeout-ms', '20000']
  assert.equal(await mustRunTool(cluster, 'kafka-console-consumer', args, { client }), 'x\ny\n')
}

describe('cluster security', () => {
  for (const [index, version] of KAFKA_VERSIONS.entries()) {
    // The older ones with --all only; tests of the product start them, too.
    const run = index === 0 ? it : longTest
    run(`Kafka ${version} speaks SASL_SSL with PLAIN and both SCRAMs, and refuses a wrong password`, async () => {
      await using cluster = await startCluster({ version, security: 'SASL_SSL', users: [ALICE] })
      for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
        await assertRoundTrip(cluster, cluster.clientProperties(ALICE, mechanism), `with-${mechanism}`)
        const wrong = cluster.clientProperties({ ...ALICE, password: 'guess' }, mechanism)
        const records = [{ topic: `with-${mechanism}`, partition: 0, value: 'z' }]
        await assert.rejects(produceRecords({ ...wrong, ...IMPATIENT }, records), /Authentication failed/)
      }
      await assertConsoleTools(cluster, cluster.clientProperties(ALICE, 'SCRAM-SHA-512'), 'with-PLAIN')
    })
  }

  it('SSL with a required client certificate serves its holder only, and no client that trusts another authority', async () => {
    await using cluster = await startCluster({ security: 'SSL', properties: { 'ssl.client.auth': 'required' } })
    const { tls } = cluster
    assert.ok(tls)
    const anonymous = cluster.clientProperties()
    const holder = { ...anonymous, 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': tls.clientKeystore }
    await assertRoundTrip(cluster, holder, 'tls')
    await assertConsoleTools(cluster, holder, 'tls')
    const records = [{ topic: 'tls', partition: 0, value: 'z' }]
    await assert.rejects(produceRecords({ ...anonymous, ...IMPATIENT }, records), /SSL|handshake/i)
    const strange = { ...holder, ...IMPATIENT, 'ssl.truststore.location': tls.strangerCa }
    await assert.rejects(produceRecords(strange, records), /SSL|handshake/i)
  })

  it('with an authorizer nobody may do anything until a rule says so', async () => {
    await using cluster = await startCluster({ authorizer: true })
    await createTopics(cluster, { name: 'ruled' })
    const client = { ...cluster.clientProperties(), ...IMPATIENT }
    const records = [{ topic: 'ruled', partition: 0, value: 'x' }]
    await assert.rejects(produceRecords(client, records), /Authorization/)
    await createAcls(cluster, { resourceType: 'TOPIC', name: 'ruled', operation: 'ALL' })
    const [ack] = await produceRecords(client, records)
    assert.equal(ack?.offset, 0)
  })

  it('listens on IPv6', async () => {
    await using cluster = await startCluster({ host: '::1', version: '3.9.1' })
    assert.match(cluster.bootstrap, /^\[::1\]:\d+$/)
    await assertRoundTrip(cluster, cluster.clientProperties(), 'six')
  })
})
