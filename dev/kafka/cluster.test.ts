import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { createTopics, describeTopic, waitForTopic } from './admin.ts'
import { startCluster } from './cluster.ts'
import { longTest } from '../../test/support/long-test.ts'
import { KAFKA_VERSIONS } from './install.ts'
import { dumpRecords, produceRecords } from './records.ts'
import { askForView } from './readiness.ts'
import { mustRunTool } from './tools.ts'

const OWNER = `
import { startCluster } from '${new URL('./cluster.ts', import.meta.url).href}'
const cluster = await startCluster({ version: '2.8.2' })
const { folder, brokers } = cluster
console.log(JSON.stringify({ folder, pid: brokers[0].pid }))
setInterval(() => undefined, 1000)
`

async function valuesOf(client: Readonly<Record<string, string>>, topic: string): Promise<(string | undefined)[]> {
  return (await dumpRecords({ client, topic })).map(({ value }) => value?.toString())
}

describe('cluster', () => {
  for (const [index, version] of KAFKA_VERSIONS.entries()) {
    // The older ones with --all only; tests of the product start them, too.
    const run = index === 0 ? it : longTest
    run(`Kafka ${version} serves its own console tools, and is restarted on the same port with its data`, async () => {
      await using cluster = await startCluster({ version })
      const broker = cluster.broker(1)
      await createTopics(cluster, { name: 'kept' })
      await mustRunTool(cluster, 'kafka-console-producer', ['--topic', 'kept'], { stdin: 'a\nb\n' })
      const { port, pid } = broker
      await broker.kill()
      assert.equal(await askForView(broker.internal), undefined)
      await broker.start()
      assert.equal(broker.port, port)
      assert.notEqual(broker.pid, pid)
      await broker.stop()
      assert.throws(() => broker.pid, { code: 'BROKER_STATE' })
      await broker.start()
      const args = ['--topic', 'kept', '--from-beginning', '--max-messages', '2', '--timeout-ms', '20000']
      assert.equal(await mustRunTool(cluster, 'kafka-console-consumer', args), 'a\nb\n')
      await produceRecords(cluster.adminProperties, [{ topic: 'kept', partition: 0, value: 'c' }])
      assert.deepEqual(await valuesOf(cluster.clientProperties(), 'kept'), ['a', 'b', 'c'])
    })
  }

  it('a paused broker keeps its port and is silent until it is resumed', async () => {
    await using cluster = await startCluster({ version: '2.8.2' })
    const broker = cluster.broker(1)
    broker.pause()
    assert.equal(await askForView(broker.internal), undefined)
    broker.resume()
    const view = await askForView(broker.internal)
    assert.deepEqual(view?.brokerIds, [1])
  })

  it('three brokers with racks elect another leader when one is killed', async () => {
    await using cluster = await startCluster({ brokers: 3, racks: ['a', 'b', 'c'], heap: '256m', isLight: true })
    await createTopics(cluster, { name: 'led', assignments: { 0: [2, 3, 1] } })
    assert.equal((await describeTopic(cluster, 'led')).partitions[0]?.leader, 2)
    await cluster.broker(2).kill()
    const { partitions } = await waitForTopic(cluster, 'led', (topic) => topic.partitions[0]?.leader === 3)
    assert.deepEqual(partitions[0]?.isr.includes(2), false)
    await cluster.broker(2).start()
    await waitForTopic(cluster, 'led', (topic) => topic.partitions[0]?.isr.length === 3)
  })

  it('a setting that no broker takes fails with the end of the log, and leaves nothing', async () => {
    const properties = { 'num.io.threads': 'many' }
    await assert.rejects(startCluster({ version: '2.8.2', properties }), /num\.io\.threads/)
  })

  it('broker, ZooKeeper and folder are gone after kill -9 of their owner', async () => {
    const args = ['--input-type=module-typescript', '-e', OWNER]
    const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string]
    const { folder, pid } = JSON.parse(line) as { folder: string; pid: number }
    assert.ok(existsSync(`/proc/${pid}`))
    owner.kill('SIGKILL')
    const deadline = Date.now() + 5_000
    while ((existsSync(`/proc/${pid}`) || existsSync(folder)) && Date.now() < deadline) await sleep(20)
    assert.ok(!existsSync(`/proc/${pid}`) && !existsSync(folder))
  })
})
