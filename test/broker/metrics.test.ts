import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { generateRecords } from '../../dev/kafka/records.ts'
import type { StatusReport } from '../../src/control/status-report.ts'
import { longTest } from '../support/long-test.ts'
import { countOffsets, startMirror } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { Prometheus, checkMetrics, findPrometheus } from '../support/prometheus.ts'
import { parseMetrics } from '../support/prometheus-text.ts'
import type { Sample } from '../support/prometheus-text.ts'

const WAIT_MS = 30_000
const LOOK_MS = 100
const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const openMetrics = { accept: 'application/openmetrics-text; version=1.0.0' }

let source: KafkaCluster
let target: KafkaCluster
let mirror: Mirror
let address: string

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster()])
  await createTopics(source, { name: 'metered', partitions: 2 }, { name: 'idle', partitions: 1 })
  await generateRecords(source.adminProperties, { topic: 'metered', partitions: 2, count: 3_000, valueBytes: 100 })
  const properties = { 'twinlog.listeners': 'http://127.0.0.1:0', 'metric.names.formats': 'legacy, new' }
  mirror = await startMirror({ source, target, alias: 'met', topics: 'metered, idle', properties })
  address = String((await mirror.waitForEvent('ListenerOpened'))['address'])
  await mirror.waitUntilCopied('metered')
})

after(async () => {
  await mirror?.stop()
  await Promise.all([source, target].map((cluster) => cluster?.[Symbol.asyncDispose]()))
})

async function samples(name: string): Promise<readonly Sample[]> {
  const text = await (await fetch(`${address}/metrics`)).text()
  return parseMetrics(text, 'prometheus').get(name)?.samples ?? []
}

async function waitFor(what: string, look: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS
  while (!(await look())) {
    assert.ok(performance.now() < deadlineMs, `waited for ${what}:\n${mirror.describe()}`)
    await sleep(LOOK_MS)
  }
}

function valueOf(all: readonly Sample[], labels: Readonly<Record<string, string>>): number | undefined {
  return all.find((sample) => Object.entries(labels).every(([name, value]) => sample.labels[name] === value))?.value
}

async function runCommand(...args: readonly string[]): Promise<{ exitCode: number | null; output: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, output }
}

describe('metrics of a mirror', () => {
  test("tell as many records and offsets as Kafka has, by our names and by MirrorMaker 2's, old and new", async () => {
    const counts = await countOffsets(target, 'met.metered')
    for (const lag of ['twinlog_lag_records', 'twinlog_lag_seconds'])
      await waitFor(`${lag} 0`, async () => {
        const lags = await samples(lag)
        return lags.length === 3 && lags.every(({ value }) => value === 0)
      })
    for (const [partition, count] of Object.entries(counts)) {
      const ours = { flow: 'met->us', topic: 'metered', partition }
      const theirs = { source: 'met', target: 'us', topic: 'met.metered', partition }
      assert.equal(valueOf(await samples('twinlog_records_total'), ours), count)
      assert.equal(valueOf(await samples('twinlog_upstream_offset'), ours), count)
      assert.equal(valueOf(await samples('kafka_connect_mirror_mirrorsourceconnector_record_count'), theirs), count)
      assert.equal(valueOf(await samples('kafka_connect_plugins_record_count'), theirs), count)
    }
    const histogram = await samples('twinlog_latency_seconds')
    assert.equal(histogram.find(({ name }) => name.endsWith('_count'))?.value, 3_000)
    assert.equal(valueOf(await samples('twinlog_flow_state'), { state: 'copying' }), 1)
    assert.equal(valueOf(await samples('twinlog_flow_owned'), {}), 1)
    const resealed = valueOf(await samples('twinlog_batches_written_total'), { answer: 'resealed' })
    const batches = (await samples('twinlog_batches_total')).reduce((sum, { value }) => sum + value, 0)
    assert.equal(resealed, batches)
  })

  test('are read by promtool without a remark, and OpenMetrics by a strict reader', async (context) => {
    const text = await (await fetch(`${address}/metrics`, { headers: openMetrics })).text()
    assert.ok(parseMetrics(text, 'openmetrics').has('twinlog_records'))
    const tools = await findPrometheus()
    if (tools === undefined) {
      context.diagnostic("neither prometheus nor Debian's package of it can be had here")
      return
    }
    const own = await checkMetrics(tools, await (await fetch(`${address}/metrics?names=twinlog`)).text())
    assert.deepEqual(own, { exitCode: 0, lines: [] })
    // MirrorMaker 2's names are what they are; that they can be read is all.
    const all = await checkMetrics(tools, await (await fetch(`${address}/metrics`)).text())
    assert.ok(all.exitCode === 3 && all.lines.every((line) => line.startsWith('kafka_')), all.lines.join('\n'))
  })

  longTest('are scraped by a Prometheus', async (context) => {
    const tools = await findPrometheus()
    if (tools === undefined) {
      context.diagnostic("neither prometheus nor Debian's package of it can be had here")
      return
    }
    await using prometheus = await Prometheus.scraping(tools, address)
    await waitFor(
      'Prometheus to know',
      async () => (await prometheus.query('sum(twinlog_records_total)'))[0]?.value === 3_000,
    )
    assert.deepEqual(
      (await prometheus.query('up')).map(({ value }) => value),
      [1],
    )
    const quantile = await prometheus.query('histogram_quantile(0.99, twinlog_latency_seconds_bucket)')
    assert.ok((quantile[0]?.value ?? NaN) > 0)
  })

  test('health and status, also by twinlog status', async () => {
    assert.equal((await fetch(`${address}/health/live`)).status, 200)
    const ready = await fetch(`${address}/health/ready`)
    assert.deepEqual([ready.status, await ready.json()], [200, { status: 'ready', reasons: [], warnings: [] }])
    const shown = await runCommand('status', address)
    assert.equal(shown.exitCode, 0, shown.output)
    assert.match(shown.output, /^met->us +copying/m)
    assert.match(shown.output, /^metered +2 .* met\.metered/m)
    const json = await runCommand('status', '--json', address)
    const report = JSON.parse(json.output) as StatusReport
    assert.deepEqual(
      report.flows.map(({ flow, recordsTotal, topics }) => [flow, recordsTotal, topics.map(({ topic }) => topic)]),
      [['met->us', 3_000, ['idle', 'metered']]],
    )
    const nobody = await runCommand('status', '2')
    assert.equal(nobody.exitCode, 1)
    assert.match(nobody.output, /No twinlog answers at http:\/\/127\.0\.0\.1:2: ECONNREFUSED/)
  })

  test('the log level changes by HTTP and by SIGUSR2, and each change is logged', async () => {
    const put = await fetch(`${address}/log/level`, { method: 'PUT', body: 'info' })
    assert.deepEqual(await put.json(), { level: 'info' })
    process.kill(mirror.pid, 'SIGUSR2')
    await mirror.waitForEvent('LogLevelChanged', ({ logLevel, origin }) => logLevel === 'debug' && origin === 'SIGUSR2')
  })

  test('while the target does not answer lag grows in records and in seconds, and falls to 0 when it does again', async () => {
    target.brokers[0]?.pause()
    try {
      await generateRecords(source.adminProperties, { topic: 'metered', partitions: 2, count: 500, valueBytes: 100 })
      const total = async (name: string) =>
        (await samples(name))
          .filter(({ labels }) => labels['topic'] === 'metered')
          .reduce((sum, { value }) => sum + value, 0)
      await waitFor('the lag', async () => (await total('twinlog_lag_records')) === 500)
      await waitFor('a lag of two seconds', async () => (await total('twinlog_lag_seconds')) > 2)
      assert.ok((await total('twinlog_oldest_record_age_seconds')) > 2)
      assert.equal(await total('twinlog_records_total'), 3_000)
      const idle = (await samples('twinlog_lag_seconds')).find(({ labels }) => labels['topic'] === 'idle')
      assert.equal(idle?.value, 0)
    } finally {
      target.brokers[0]?.resume()
    }
    await mirror.waitUntilCopied('metered')
    await waitFor('lag 0', async () => (await samples('twinlog_lag_seconds')).every(({ value }) => value === 0))
    await waitFor('all records', async () => {
      const all = await samples('twinlog_records_total')
      return all.reduce((sum, { value }) => sum + value, 0) === 3_500
    })
  })
})
