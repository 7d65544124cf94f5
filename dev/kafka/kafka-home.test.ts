import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createTopics } from './admin.ts'
import { startCluster } from './cluster.ts'
import { installKafka } from './install.ts'
import { dumpRecords, produceRecords } from './records.ts'
import { mustRunTool } from './tools.ts'

/** Laid out as Kafka's own download: the jars are in libs/. */
let home: string

before(async () => {
  delete process.env['KAFKA_HOME']
  const { libFolder } = await installKafka()
  home = mkdtempSync(join(tmpdir(), 'twinlog-kafka-home-'))
  mkdirSync(join(home, 'empty'))
  symlinkSync(libFolder, join(home, 'libs'))
  process.env['KAFKA_HOME'] = home
})

after(() => rmSync(home, { recursive: true }))

test('with KAFKA_HOME brokers, tools and clients run from that installation, other versions from Maven as before', async () => {
  const { libFolder, version } = await installKafka()
  assert.deepEqual([libFolder, version], [join(home, 'libs'), '4.3.0'])
  assert.ok(!(await installKafka('3.9.1')).libFolder.startsWith(home))
  await using cluster = await startCluster()
  const command = readFileSync(`/proc/${cluster.broker(1).pid}/cmdline`, 'utf8').split('\0')
  assert.ok(command.includes(join(home, 'libs', '*')), command.join(' '))
  await createTopics(cluster, { name: 'at-home' })
  await produceRecords(cluster.adminProperties, [{ topic: 'at-home', partition: 0, value: 'a' }])
  assert.deepEqual(
    (await dumpRecords({ client: cluster.adminProperties, topic: 'at-home' })).map(({ value }) => String(value)),
    ['a'],
  )
  assert.match(await mustRunTool(cluster, 'kafka-get-offsets', ['--topic', 'at-home']), /^at-home:0:1$/m)
})

test('a KAFKA_HOME that holds no Kafka is refused, and named', async () => {
  process.env['KAFKA_HOME'] = join(home, 'empty')
  await assert.rejects(startCluster(), {
    code: 'KAFKA_HOME_INVALID',
    message: new RegExp(`^KAFKA_HOME is ${home}/empty`),
  })
  process.env['KAFKA_HOME'] = home
})
