import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { assertLogsValid, assertSameRecords } from '../support/judge.ts'
import { startMirror } from '../support/mirror.ts'
import { produceTransactions, startRecords } from '../support/record-stream.ts'

/** What is promised: this long after a cluster is up again, copying goes on. */
const COMES_BACK_MS = 5_000
/** How long a cluster is away: less than a back-off, and longer than all of them. */
const AWAY_MS = [500, 3_000, 20_000, 500, 45_000] as const

const small = { heap: '256m', isLight: true }
/** Batches of some records: one of one record each, acknowledged by three replicas, takes long to catch up with on a busy machine. */
const stubborn = { 'linger.ms': '50', 'delivery.timeout.ms': '600000', 'max.block.ms': '600000' }

for (const brokers of [1, 3] as const) {
  for (const side of ['source', 'target'] as const) {
    test(`all brokers (${brokers}) of the ${side} are killed and come back: copying goes on within 5 s`, async (context) => {
      const [source, target] = await Promise.all(
        ['source', 'target'].map((each) => startCluster(each === side && brokers === 3 ? { brokers, ...small } : {})),
      )
      assert.ok(source !== undefined && target !== undefined)
      await using _source = source
      await using _target = target
      const cluster: KafkaCluster = side === 'source' ? source : target
      const replicationFactor = source.brokers.length
      await createTopics(source, { name: 'kept', partitions: 4, replicationFactor }, { name: 'tx', replicationFactor })
      await using twinlog = await startMirror({ source, target, alias: 'eu', topics: 'kept,tx' })
      await using records = startRecords(
        source,
        { topic: 'kept', partitions: 4, recordsPerSecond: 500, valueBytes: 100 },
        stubborn,
      )
      for (const [round, awayMs] of AWAY_MS.entries()) {
        // Holes begin runs, which go to the ledger: a flow that cannot write it starts again.
        await produceTransactions(source, { topic: 'tx', partitions: 1, count: 20, id: `tx-${round}` })
        await twinlog.waitUntilCopying(Date.now())
        await Promise.all(cluster.brokers.map((broker) => broker.kill()))
        await sleep(awayMs)
        await Promise.all(cluster.brokers.map((broker) => broker.start()))
        const upMs = Date.now()
        const tookMs = (await twinlog.waitUntilCopying(upMs)) - upMs
        context.diagnostic(`away for ${awayMs} ms, copying ${tookMs} ms after it was up`)
        assert.ok(tookMs < COMES_BACK_MS, `it took ${tookMs} ms to go on:\n${twinlog.describe()}`)
      }
      await records.stop()
      await twinlog.waitUntilCopied('kept', { timeoutMs: 180_000 })
      await assertSameRecords(source, target, 'kept', 'eu.kept', { hasOffsets: true })
      await assertLogsValid(target, 'eu.kept')
      await twinlog.stop()
    })
  }
}
