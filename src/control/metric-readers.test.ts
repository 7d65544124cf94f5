import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EventCounters } from '../observe/counters.ts'
import { metricCatalogue } from '../observe/metric-catalogue.ts'
import type { MetricName } from '../observe/metric-catalogue.ts'
import { metricsText } from '../observe/metrics-text.ts'
import type { MetricsFormat } from '../observe/metrics-text.ts'
import { LaneFigures } from '../pipeline/lane-figures.ts'
import { PartitionFigures } from '../pipeline/partition-figures.ts'
import { readersOf } from '../../test/support/metric-sources.ts'
import { groupsReading } from '../../test/support/groups-reading.ts'
import type { SourcesOptions } from '../../test/support/metric-sources.ts'
import { flowReading, laneStatus, laneTotals, partitionStatus } from '../../test/support/partition-status.ts'
import { parseMetrics } from '../../test/support/prometheus-text.ts'
import { DurableWrites } from './durable-writes.ts'
import type { FlowReading } from './flow-reading.ts'

const owner = { host: 'a', pid: 1, since: '2026-01-01T00:00:00.000Z', isThisProcess: true }

/** Something of everything. */
function busyFlow(what: Partial<FlowReading> = {}): FlowReading {
  const latent = new PartitionFigures()
  latent.latencyMs.note(100, 3, 300, 0)
  latent.latencyMs.note(500, 1, 100, 0)
  latent.ageMs.note(40, 1, 0, 0)
  latent.batchesTotal = 2
  latent.duplicatesAvoidedTotal = 7
  const figures = new LaneFigures(false)
  figures.latency.note(0.3, 4)
  figures.noteFetched({} as never, { errorCode: 6 } as never, 0)
  figures.targetThrottledMsTotal = 1_500
  const partitions = [
    partitionStatus({
      topic: 'a',
      lagRecords: 5,
      lagSeconds: 2,
      oldestAgeSeconds: 3,
      recordsTotal: 4,
      bytesTotal: 400,
      activeRecords: 2,
      activeBytes: 20,
      nextOffset: 4,
      endOffset: 9,
      figures: latent,
    }),
    partitionStatus({ topic: 'a', partition: 1, lagRecords: 1, lagSeconds: null, nextOffset: 0, endOffset: 1 }),
    partitionStatus({ topic: 'we"ird\\', partition: 0, phase: 'stopped', reason: 'x', nextOffset: -1, endOffset: -1 }),
  ]
  const totals = laneTotals({
    recordsTotal: 4,
    resealedTotal: 2,
    rebuiltTotal: 3,
    coalescedTotal: 4,
    nullKeysTotal: 5,
    deadLettersTotal: 6,
    committedTotal: 1,
  })
  const clock = { monotonic: () => 0 }
  const lane = laneStatus({ partitions, figures, totals, buffer: { usedBytes: 10, totalBytes: 100 } })
  return flowReading({
    lane,
    owner,
    positions: new DurableWrites(clock),
    ledger: new DurableWrites(clock),
    groups: groupsReading(),
    nameFormats: ['legacy', 'new'],
    ...what,
  })
}

async function page(
  flows: readonly FlowReading[],
  format: MetricsFormat = 'prometheus',
  options: SourcesOptions = {},
): Promise<ReturnType<typeof parseMetrics>> {
  let text = ''
  for await (const part of metricsText(readersOf(flows, options), format)) text += part
  return parseMetrics(text, format)
}

/** Values of a metric by its labels. */
async function values(flows: readonly FlowReading[], name: MetricName, options: SourcesOptions = {}) {
  const family = (await page(flows, 'prometheus', options)).get(name)
  return (family?.samples ?? []).map(({ labels, value }) => [labels, value])
}

describe('metrics', () => {
  test('groups: partitions by state, and the latency of checkpoints by group and remote partition', async () => {
    assert.deepEqual(
      (await values([busyFlow()], 'twinlog_group_partitions')).filter(([, value]) => value !== 0),
      [
        [{ flow: 'eu->us', state: 'unmapped' }, 1],
        [{ flow: 'eu->us', state: 'synced' }, 1],
      ],
    )
    const name = 'kafka_connect_mirror_mirrorcheckpointconnector_checkpoint_latency_ms'
    const labels = { source: 'eu', target: 'us', group: 'g', topic: 'a.t', partition: '0' }
    assert.deepEqual(await values([busyFlow()], name), [[labels, 12]])
    assert.deepEqual(await values([busyFlow()], name, { partitionsMax: 0 }), [])
  })

  test('every metric of the catalogue is served when there is something of everything, with the labels that it declares', async () => {
    const counters = new EventCounters(['eu->us'])
    counters.event('CallRetried', { flow: 'eu->us', cluster: 'eu', api: 'Metadata', error: new Error('x') })
    counters.event('DutyFailed', { flow: 'eu->us', duty: 'heartbeats', error: new Error('x') })
    counters.event('ConnectionFailed', { flow: 'eu->us', cluster: 'eu', broker: 1, error: new Error('x') })
    const served = await page([busyFlow()], 'prometheus', { counters })
    assert.deepEqual([...served.keys()].toSorted(), Object.keys(metricCatalogue).toSorted())
    for (const [name, { type, samples, help }] of served) {
      const entry = metricCatalogue[name as MetricName]
      assert.equal(type, entry.type)
      assert.ok(help.length > 0)
      const allowed = new Set<string>([...entry.labels, ...(type === 'histogram' ? ['le'] : [])])
      for (const { labels } of samples)
        for (const label of Object.keys(labels)) assert.ok(allowed.has(label), `${name} has a label ${label}`)
    }
  })

  test('a metric of many series is one, though it is written in turns', async () => {
    const partitions = Array.from({ length: 1_234 }, (_, partition) => partitionStatus({ topic: 'a', partition }))
    const flows = [flowReading({ lane: laneStatus({ partitions }) })]
    for (const format of ['prometheus', 'openmetrics'] as const) {
      const served = await page(flows, format, { partitionsMax: 2_000 })
      assert.equal(served.get('twinlog_lag_records')?.samples.length, 1_234)
    }
  })

  test('OpenMetrics has the same, counters named as it wants them', async () => {
    const plain = await page([busyFlow()])
    const open = await page([busyFlow()], 'openmetrics')
    assert.deepEqual(
      [...open.keys()],
      [...plain].map(([name, { type }]) => (type === 'counter' ? name.replace(/_total$/, '') : name)),
    )
    const samples = open.get('twinlog_records')?.samples
    assert.equal(samples?.[0]?.name, 'twinlog_records_total')
  })

  test('figures of partitions', async () => {
    const flows = [busyFlow()]
    const a0 = { flow: 'eu->us', topic: 'a', partition: '0' }
    const a1 = { flow: 'eu->us', topic: 'a', partition: '1' }
    assert.deepEqual((await values(flows, 'twinlog_records_total'))[0], [a0, 4])
    assert.deepEqual(await values(flows, 'twinlog_lag_seconds'), [
      [a0, 2],
      [{ ...a0, topic: 'we"ird\\' }, 0],
    ])
    // Of a partition that has told nothing yet nothing is told.
    assert.deepEqual(await values(flows, 'twinlog_lag_records'), [
      [a0, 5],
      [a1, 1],
    ])
    assert.deepEqual((await values(flows, 'twinlog_duplicates_avoided_total'))[0], [a0, 7])
  })

  test("MirrorMaker 2's names, with the remote topic, in the forms that are asked for", async () => {
    const labels = { source: 'eu', target: 'us', topic: 'eu.a', partition: '0' }
    const flows = [busyFlow()]
    const first = async (attribute: string) =>
      (await values(flows, `kafka_connect_mirror_mirrorsourceconnector_${attribute}` as MetricName))[0]
    assert.deepEqual(await first('record_count'), [labels, 4])
    assert.deepEqual(await first('replication_latency_ms'), [labels, 500])
    assert.deepEqual(await first('replication_latency_ms_avg'), [labels, 200])
    assert.deepEqual(await first('replication_latency_ms_min'), [labels, 100])
    assert.deepEqual(await first('record_age_ms'), [labels, 40])
    assert.deepEqual(await first('record_rate'), [labels, 4 / 30])
    const [plugin] = await values(flows, 'kafka_connect_plugins_record_count' as MetricName)
    assert.deepEqual(plugin, [{ ...labels, connector: 'MirrorSourceConnector', task: '0' }, 4])
    const legacy = await page([busyFlow({ nameFormats: ['legacy'] })])
    assert.ok(![...legacy.keys()].some((name) => name.startsWith('kafka_connect_plugins_')))
    const lag = await values(flows, 'kafka_consumer_fetch_manager_records_lag')
    const clientid = 'eu->us|MirrorSourceConnector-0|replication-consumer'
    assert.deepEqual(lag[0], [{ clientid, source: 'eu', target: 'us', topic: 'a', partition: '0' }, 5])
    const task = { connector: 'MirrorSourceConnector', task: '0', source: 'eu', target: 'us' }
    assert.deepEqual(await values(flows, 'kafka_connect_connector_status'), [[{ ...task, status: 'running' }, 1]])
    assert.deepEqual(await values(flows, 'kafka_connect_source_task_source_record_poll_total'), [[task, 6]])
  })

  test('figures of flows', async () => {
    const flows = [
      busyFlow(),
      flowReading({
        name: 'us->eu',
        source: 'us',
        target: 'eu',
        state: { name: 'waiting', failures: 0, hasCopied: false },
      }),
    ]
    const states = await values(flows, 'twinlog_flow_state')
    assert.deepEqual(
      states.filter(([, value]) => value === 1).map(([labels]) => labels),
      [
        { flow: 'eu->us', state: 'copying' },
        { flow: 'us->eu', state: 'waiting' },
      ],
    )
    assert.deepEqual(await values(flows, 'twinlog_flow_owned'), [
      [{ flow: 'eu->us' }, 1],
      [{ flow: 'us->eu' }, 0],
    ])
    const answers = (await values(flows, 'twinlog_batches_written_total')).map(([labels, value]) => [
      (labels as Record<string, string>)['answer'],
      value,
    ])
    assert.deepEqual(answers, [
      ['resealed', 2],
      ['forwarded', 0],
      ['rebuilt', 3],
      ['coalesced', 4],
    ])
    assert.deepEqual((await values(flows, 'kafka_connect_task_error_total_records_skipped'))[0]?.[1], 11)
    assert.deepEqual(await values(flows, 'twinlog_broker_errors_total'), [
      [{ flow: 'eu->us', side: 'source', error: 'NOT_LEADER_OR_FOLLOWER' }, 1],
    ])
    assert.deepEqual((await values(flows, 'twinlog_throttle_seconds_total')).at(-1), [
      { flow: 'eu->us', side: 'target' },
      1.5,
    ])
    const stopped = (await values(flows, 'twinlog_partitions')).find(
      ([labels]) => (labels as Record<string, string>)['phase'] === 'stopped',
    )
    assert.equal(stopped?.[1], 1)
  })

  test('above the limit partitions are added up by topic, and then by flow, and it is said', async () => {
    const flows = [busyFlow()]
    const levelOf = async (partitionsMax: number) =>
      (await values(flows, 'twinlog_metrics_level', { partitionsMax })).find(([, value]) => value === 1)?.[0]
    assert.deepEqual(await levelOf(3), { level: 'partition' })
    assert.deepEqual(await levelOf(2), { level: 'topic' })
    assert.deepEqual(await levelOf(1), { level: 'flow' })
    const topic = { flow: 'eu->us', topic: 'a' }
    assert.deepEqual((await values(flows, 'twinlog_lag_records', { partitionsMax: 2 }))[0], [topic, 6])
    assert.deepEqual((await values(flows, 'twinlog_lag_seconds', { partitionsMax: 2 }))[0], [topic, 2])
    assert.deepEqual(await values(flows, 'twinlog_records_total', { partitionsMax: 1 }), [[{ flow: 'eu->us' }, 4]])
    assert.deepEqual(await values(flows, 'twinlog_upstream_offset', { partitionsMax: 2 }), [])
    const legacy = 'kafka_connect_mirror_mirrorsourceconnector_replication_latency_ms_avg' as MetricName
    assert.deepEqual((await values(flows, legacy, { partitionsMax: 2 }))[0], [
      { source: 'eu', target: 'us', topic: 'eu.a' },
      200,
    ])
  })
})

test('the age of what is written down begins anew with each write that ends well, and a write under way is told', async () => {
  let nowMs = 0
  const writes = new DurableWrites({ monotonic: () => nowMs })
  nowMs = 5_000
  assert.deepEqual([writes.ageSeconds, writes.pendingSeconds], [5, 0])
  const { promise, resolve } = Promise.withResolvers<void>()
  const watched = writes.watch(promise)
  nowMs = 7_000
  assert.deepEqual([writes.ageSeconds, writes.pendingSeconds], [7, 2])
  resolve()
  await watched
  assert.deepEqual([writes.ageSeconds, writes.pendingSeconds], [0, 0])
  nowMs = 8_000
  await assert.rejects(writes.watch(Promise.reject(new Error('no'))))
  assert.deepEqual([writes.ageSeconds, writes.pendingSeconds], [1, 0])
})
