import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createAcls, createTopics, waitForTopic } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { generateRecords, produceRecords } from '../../dev/kafka/records.ts'
import { assertSameRecords } from '../support/judge.ts'
import { SecretWatch } from '../support/secret-watch.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const user = { name: 'mirror', password: 'mirror-secret' }
const folder = mkdtempSync(join(tmpdir(), 'twinlog-cli-'))
const stackTrace = /\n\s+at /

let source: KafkaCluster
let target: KafkaCluster
let guarded: KafkaCluster

before(async () => {
  ;[source, target, guarded] = await Promise.all([
    startCluster(),
    startCluster(),
    startCluster({ security: 'SASL_PLAINTEXT', users: [user], authorizer: true }),
  ])
})

after(async () => {
  await Promise.all([source, target, guarded].map((cluster) => cluster[Symbol.asyncDispose]()))
  rmSync(folder, { recursive: true })
})

interface Outcome {
  readonly exitCode: number | null
  readonly output: string
}

let filesCount = 0

function writeProperties(properties: Readonly<Record<string, string>>): string {
  const file = join(folder, `${(filesCount += 1)}.properties`)
  const escape = (text: string) => text.replace(/[\\:=#! ]/g, '\\$&')
  writeFileSync(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${escape(key)}=${value}\n`)
      .join(''),
  )
  return file
}

/** Runs the program until it ends by itself, or gets SIGTERM once its output matches. */
async function run(args: readonly string[], until?: RegExp): Promise<Outcome> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const limit = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const secrets = SecretWatch.ofFiles(args)
  let output = ''
  let isAsked = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      secrets.look(chunk.toString())
      if (until === undefined || isAsked || !until.test(output)) return
      isAsked = true
      child.kill('SIGTERM')
    })
  }
  const [exitCode] = (await once(child, 'close')) as [number | null]
  clearTimeout(limit)
  secrets.assertNone()
  return { exitCode, output }
}

function flowTo(bootstrap: string, properties: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    clusters: 'eu, us',
    'eu.bootstrap.servers': bootstrap,
    'us.bootstrap.servers': target.bootstrap,
    'eu->us.enabled': 'true',
    'replication.factor': '1',
    'offset.storage.replication.factor': '1',
    ...properties,
  }
}

function saslProperties(alias: string, password: string): Record<string, string> {
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required username="${user.name}" password="${password}";`
  return {
    [`${alias}.security.protocol`]: 'SASL_PLAINTEXT',
    [`${alias}.sasl.mechanism`]: 'PLAIN',
    [`${alias}.sasl.jaas.config`]: login,
  }
}

describe('twinlog, copying', () => {
  test('with --until-caught-up it copies what is there, exits 0, and copies nothing twice the next time', async () => {
    await createTopics(source, { name: 'once', partitions: 2 })
    await generateRecords(source.adminProperties, { topic: 'once', partitions: 2, count: 5_000, valueBytes: 100 })
    const file = writeProperties(
      flowTo(source.bootstrap, { 'eu->us.topics': 'once', 'metric.reporters': 'my.Reporter' }),
    )
    for (let round = 1; round <= 2; round++) {
      const { exitCode, output } = await run([file, '--until-caught-up', '--log-format', 'text'])
      assert.equal(exitCode, 0, output)
      assert.match(output, /Flow eu->us has copied all/)
      assert.match(output, /Not done yet:\n.*metric\.reporters/)
      assert.match(
        output,
        /heartbeats: Cluster us does not make topic heartbeats with 3 replicas: .* Set heartbeats\.topic\.replication\.factor/,
      )
      assert.equal(await assertSameRecords(source, target, 'once', 'eu.once'), 5_000)
    }
  })

  test('a target that is down at the start is waited for visibly, and copying begins within 5 s after it comes up', async () => {
    await using late = await startCluster()
    const [broker] = late.brokers
    assert(broker !== undefined)
    await createTopics(source, { name: 'late', partitions: 1 })
    await produceRecords(source.adminProperties, [{ topic: 'late', partition: 0, value: 'x' }, 'flush'])
    await broker.stop()
    await using twinlog = await startMirror({ source, target: late, alias: 'late', topics: 'late' })
    const { msg } = await twinlog.waitForEvent('ClusterUnreachable')
    assert.match(msg, new RegExp(`Cluster us: .*${late.bootstrap}.*refused`))
    await broker.start()
    await twinlog.waitForEvent('FlowStarted', () => true, { timeoutMs: 5_000 })
    await twinlog.waitUntilCopied('late', { timeoutMs: 5_000 })
    await twinlog.stop()
  })

  test('a target that is dead does not stop the flow to another one', async () => {
    await createTopics(source, { name: 'fan-out', partitions: 1 })
    await using twinlog = await startMirror({
      source,
      target,
      alias: 'fan',
      topics: 'fan-out',
      properties: { clusters: 'fan, us, dead', 'dead.bootstrap.servers': '127.0.0.1:1', 'fan->dead.enabled': 'true' },
    })
    await twinlog.waitForEvent('ClusterUnreachable', ({ flow }) => flow === 'fan->dead')
    await produceRecords(source.adminProperties, [{ topic: 'fan-out', partition: 0, value: 'x' }, 'flush'])
    await twinlog.waitUntilCopied('fan-out')
    await twinlog.stop()
  })

  test('--clusters serves only the flows into these clusters', async () => {
    const both = flowTo(source.bootstrap, {
      'us->eu.enabled': 'true',
      'eu->us.topics': 'none-such',
      'us->eu.topics': 'none-such',
    })
    const { exitCode, output } = await run([writeProperties(both), '--clusters', 'us', '--until-caught-up'])
    assert.equal(exitCode, 0, output)
    assert.match(output, /"event":"FlowStarted","flow":"eu->us"/)
    assert.doesNotMatch(output, /"flow":"us->eu"/)
  })
})

describe('twinlog, told wrongly', () => {
  test('no such file', async () => {
    const { exitCode, output } = await run([join(folder, 'none.properties')])
    assert.equal(exitCode, 255)
    assert.match(output, /none\.properties cannot be read/)
    assert.doesNotMatch(output, stackTrace)
  })

  test('all problems of a file are told at once, with their lines', async () => {
    const file = writeProperties({ ...flowTo(''), 'eu->uss.enabled': 'true', 'replication.factor': 'many' })
    const { exitCode, output } = await run([file])
    assert.equal(exitCode, 2)
    assert.match(output, /\d\.properties:7: eu->uss\.enabled: "uss" is not among the clusters/)
    assert.match(output, /bootstrap\.servers/)
    assert.match(output, /:5: replication\.factor/)
    assert.doesNotMatch(output, stackTrace)
  })

  test('an address that does not resolve is waited for, and named', async () => {
    const file = writeProperties(flowTo('no-such-host.invalid:9092'))
    const { exitCode, output } = await run([file, '--log-format', 'text'], /It is tried again/)
    assert.equal(exitCode, 0, output)
    assert.match(output, /WARN .*eu.*no-such-host\.invalid:9092 cannot be resolved .*Check bootstrap\.servers/)
    assert.doesNotMatch(output, stackTrace)
  })

  test('a server that speaks HTTP ends the flow with what is wrong', async () => {
    const server = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { exitCode, output } = await run([writeProperties(flowTo(`127.0.0.1:${port}`)), '--log-format', 'text'])
    server.close()
    assert.equal(exitCode, 2, output)
    assert.match(output, new RegExp(`ERROR .*127\\.0\\.0\\.1:${port}.* speaks HTTP.*bootstrap\\.servers`))
    assert.doesNotMatch(output, stackTrace)
  })

  test('a wrong password ends the flow, names user and setting, and never shows the password', async () => {
    const file = writeProperties({ ...flowTo(guarded.bootstrap), ...saslProperties('eu', 'not-the-password') })
    const { exitCode, output } = await run([file, '--log-format', 'text', '--log-level', 'debug'])
    assert.equal(exitCode, 2, output)
    assert.match(output, /ERROR .*refused the log-in of user mirror .*sasl\.jaas\.config/)
    assert.doesNotMatch(output, /not-the-password/)
    assert.doesNotMatch(output, stackTrace)
  })

  test('IdentityReplicationPolicy on one cluster under two names is refused', async () => {
    const policy = { 'replication.policy.class': 'org.apache.kafka.connect.mirror.IdentityReplicationPolicy' }
    const file = writeProperties(flowTo(target.bootstrap, policy))
    const { exitCode, output } = await run([file])
    assert.equal(exitCode, 2, output)
    assert.match(output, /eu and us are the same cluster/)
  })

  test('a group without permission is said with the kafka-acls line: without it, two processes could copy one flow', async () => {
    const target = { 'us.bootstrap.servers': guarded.bootstrap, ...saslProperties('us', user.password) }
    const file = writeProperties(flowTo(source.bootstrap, target))
    const { exitCode, output } = await run([file, '--log-format', 'text'])
    assert.equal(exitCode, 2, output)
    assert.match(
      output,
      /may not use group eu-mm2.*kafka-acls\.sh .* --operation Read --operation Describe --group eu-mm2/,
    )
  })

  test('a transactional id without permission is said with the kafka-acls line, also while only preparing', async () => {
    const principal = `User:${user.name}`
    await createAcls(guarded, { resourceType: 'GROUP', name: 'eos-mm2', principal, operation: 'READ' })
    for (const support of ['preparing', 'enabled']) {
      const properties = {
        ...saslProperties('us', user.password),
        'us.exactly.once.source.support': support,
        'eos.consumer.isolation.level': 'read_committed',
      }
      await using twinlog = await startMirror({ source, target: guarded, alias: 'eos', topics: 'none', properties })
      const { msg } = await twinlog.waitForEvent('FlowEnded')
      assert.match(
        msg,
        /transactional id connect-cluster-eos-mm2: .*kafka-acls --add .*--operation Write .*--transactional-id connect-cluster-eos-mm2/,
      )
    }
  })

  test('a topic without permission is said with the kafka-acls line, and copied once it is allowed', async () => {
    await createTopics(source, { name: 'allowed', partitions: 1 }, { name: 'forbidden', partitions: 1 })
    const writable = (name: string, ...operations: string[]) =>
      operations.map((operation) => ({
        resourceType: 'TOPIC' as const,
        name,
        principal: `User:${user.name}`,
        operation,
      }))
    const positions = ['mm2-offsets.src.internal', 'mm2-ledger.src.internal']
    const all = ['CREATE', 'DESCRIBE', 'DESCRIBE_CONFIGS', 'READ', 'WRITE', 'ALTER']
    const group = { resourceType: 'GROUP' as const, name: 'src-mm2', principal: `User:${user.name}`, operation: 'READ' }
    await createAcls(guarded, group, ...[...positions, 'src.allowed'].flatMap((name) => writable(name, ...all)))
    const properties = saslProperties('us', user.password)
    const options = { source, target: guarded, alias: 'src', topics: 'allowed|forbidden', properties }
    assert.equal(mirrorProperties(options)['us.sasl.mechanism'], 'PLAIN')
    await using twinlog = await startMirror(options)
    const { msg } = await twinlog.waitForEvent('TopicCreationFailed', ({ topic }) => topic === 'forbidden')
    assert.match(
      msg,
      /src\.forbidden .*AUTHORIZATION_FAILED.*kafka-acls .*'User:mirror'.*--operation Create.*--topic 'src\.forbidden'/,
    )
    await waitForTopic(guarded, 'src.allowed', () => true)
    await produceRecords(source.adminProperties, [
      { topic: 'allowed', partition: 0, value: 'x' },
      { topic: 'forbidden', partition: 0, value: 'x' },
      'flush',
    ])
    await twinlog.waitUntilCopied('allowed')
    await createAcls(guarded, ...writable('src.forbidden', ...all))
    await twinlog.waitUntilCopied('forbidden')
    await twinlog.stop()
  })
})
