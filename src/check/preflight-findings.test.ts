import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClientSettings } from '../config/client-settings.ts'
import { preflightFindings } from './preflight-findings.ts'
import type { PreflightFacts } from './preflight-findings.ts'

const nowMs = Date.UTC(2026, 10, 24)
const now = BigInt(nowMs)
const DAY = 86_400_000n

const client = { bootstrapServers: ['us:9092'] } as unknown as ClientSettings
const side = (alias: string) => ({ alias, client, dataClient: client, workerClient: client })

const sample: PreflightFacts['sample'] = {
  topic: 'orders',
  partitionsCount: 2,
  sampledCount: 2,
  batchesCount: 10,
  recordsCount: 100,
  largestBatchBytes: 50_000,
  largestRecordBytes: 1_000,
  oldestTimestamp: now - DAY,
  newestTimestamp: now - 1_000n,
  nullKeysCount: 0,
  codecs: ['lz4'],
  oldFormatCount: 0,
  appendTimeCount: 0,
  holedCount: 0,
  problems: [],
}
const source: PreflightFacts['source'] = {
  cleanupPolicy: 'delete',
  timestampType: 'CreateTime',
  maxMessageBytes: 1_048_588,
}
const target: PreflightFacts['target'] = {
  targetTopic: 'eu.orders',
  exists: true,
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: 9_223_372_036_854_775_807n,
  timestampAfterMaxMs: 3_600_000n,
  cleanupPolicy: 'delete',
  compressionType: 'producer',
  minInsyncReplicas: 2,
  retentionMs: 7n * DAY,
  formatVersion: null,
  replicasCount: 3,
  brokersCount: 3,
  problem: null,
}

const policies: PreflightFacts['plan']['recordPolicies'] = {
  oversized: 'stop',
  nullKey: 'drop',
  deadLetterTopic: { topic: 'mm2-dead-letters.eu.internal', replicationFactor: 3 },
}

interface Changes {
  readonly sample?: Partial<PreflightFacts['sample']>
  readonly source?: Partial<PreflightFacts['source']>
  readonly target?: Partial<PreflightFacts['target']>
  readonly policies?: Partial<PreflightFacts['plan']['recordPolicies']>
}

function findings(changes: Changes) {
  return preflightFindings({
    sample: { ...sample, ...changes.sample },
    source: { ...source, ...changes.source },
    target: { ...target, ...changes.target },
    plan: { source: side('eu'), target: side('us'), recordPolicies: { ...policies, ...changes.policies } },
    nowMs,
  })
}

describe('preflight', () => {
  test('nothing to say where everything fits', () => assert.deepEqual(findings({}), []))

  const table: [string, Changes, string[]][] = [
    [
      'a record too large',
      { sample: { largestRecordBytes: 2_000_000, codecs: ['none'] } },
      ['problem records-too-large'],
    ],
    ['a large record that is compressed well', { sample: { largestRecordBytes: 2_000_000 } }, []],
    ['a batch too large', { target: { maxMessageBytes: 40_000 } }, ['warning batches-too-large']],
    [
      'larger batches allowed at the source',
      { source: { maxMessageBytes: 2_000_000 } },
      ['info batches-may-be-too-large'],
    ],
    ['timestamps ahead', { sample: { newestTimestamp: now + 2n * 3_600_000n } }, ['problem timestamps-too-late']],
    [
      'timestamps ahead, append time',
      { sample: { newestTimestamp: now + 2n * 3_600_000n }, target: { timestampType: 'LogAppendTime' } },
      ['warning create-time-lost'],
    ],
    [
      'nanoseconds',
      { sample: { oldestTimestamp: 1_700_000_000_000_000_000n, newestTimestamp: 1_700_000_000_000_000_000n } },
      ['problem timestamps-too-late'],
    ],
    ['timestamps too old', { target: { timestampBeforeMaxMs: 3_600_000n } }, ['problem timestamps-too-early']],
    ['expired at the target', { sample: { oldestTimestamp: now - 8n * DAY } }, ['warning expired']],
    ['old, and kept for ever', { sample: { oldestTimestamp: now - 8n * DAY }, target: { retentionMs: -1n } }, []],
    [
      'no key for a compacted topic',
      { sample: { nullKeysCount: 1 }, source: { cleanupPolicy: 'compact' }, target: { cleanupPolicy: 'compact' } },
      ['warning null-keys'],
    ],
    [
      'no key for a compacted topic, policy stop',
      {
        sample: { nullKeysCount: 1 },
        source: { cleanupPolicy: 'compact' },
        target: { cleanupPolicy: 'compact' },
        policies: { nullKey: 'stop' },
      },
      ['problem null-keys'],
    ],
    [
      'a record too large that is parked',
      { sample: { largestRecordBytes: 2_000_000, codecs: ['none'] }, policies: { oversized: 'dead-letter' } },
      ['warning records-too-large'],
    ],
    ['no key, not compacted', { sample: { nullKeysCount: 1 } }, []],
    ['min.insync.replicas', { target: { minInsyncReplicas: 4 } }, ['problem too-few-replicas']],
    ['too few brokers', { target: { exists: false, brokersCount: 2 } }, ['problem too-few-brokers']],
    ['fewer brokers, but the topic is there', { target: { brokersCount: 2 } }, []],
    [
      'append time at the source',
      { sample: { appendTimeCount: 3 }, source: { timestampType: 'LogAppendTime' } },
      ['info append-time-lost'],
    ],
    [
      'append time on both sides',
      { source: { timestampType: 'LogAppendTime' }, target: { timestampType: 'LogAppendTime' } },
      ['warning append-time-lost'],
    ],
    ['recompression', { target: { compressionType: 'gzip' } }, ['warning recompression']],
    ['the same codec', { target: { compressionType: 'lz4' } }, []],
    ['uncompressed wanted', { sample: { codecs: ['none'] }, target: { compressionType: 'uncompressed' } }, []],
    ['another cleanup policy', { source: { cleanupPolicy: 'compact' } }, ['warning cleanup-policy']],
    [
      'policies in another order',
      { source: { cleanupPolicy: 'compact,delete' }, target: { cleanupPolicy: 'delete,compact' } },
      [],
    ],
    ['an old target format', { target: { formatVersion: '0.10.2-IV0' } }, ['problem target-format']],
    ['a newer target format', { target: { formatVersion: '2.8-IV1' } }, []],
    ['the first format with headers', { target: { formatVersion: '0.11.0-IV2' } }, []],
    ['old formats', { sample: { oldFormatCount: 2 } }, ['info old-format']],
    ['holes', { sample: { holedCount: 2 } }, ['info holes']],
    ['not readable', { sample: { problems: ['no permission'] } }, ['warning unknown']],
    [
      'nothing known of the target',
      {
        target: {
          maxMessageBytes: null,
          timestampType: null,
          timestampBeforeMaxMs: null,
          timestampAfterMaxMs: null,
          cleanupPolicy: null,
          compressionType: null,
          minInsyncReplicas: null,
          retentionMs: null,
          replicasCount: null,
          problem: 'no permission',
        },
      },
      ['warning unknown'],
    ],
    [
      'an empty topic',
      {
        sample: {
          batchesCount: 0,
          recordsCount: 0,
          codecs: [],
          oldestTimestamp: null,
          newestTimestamp: null,
          largestBatchBytes: 0,
          largestRecordBytes: 0,
        },
        target: { compressionType: 'gzip' },
      },
      [],
    ],
  ]
  for (const [name, changes, expected] of table) {
    test(name, () =>
      assert.deepEqual(
        findings(changes).map(({ level, code }) => `${level} ${code}`),
        expected,
      ),
    )
  }

  test('a remedy is a command for a topic that is there, and advice for one that is not', () => {
    const changes = { sample: { newestTimestamp: now + 2n * 3_600_000n } }
    const [there] = findings(changes)
    assert.match(there?.what ?? '', /more than 1 h ahead/)
    assert.match(
      there?.remedy ?? '',
      /^kafka-configs\.sh --bootstrap-server us:9092 --alter --topic eu\.orders --add-config message\.timestamp\.after\.max\.ms=/,
    )
    const [missing] = findings({ ...changes, target: { exists: false } })
    assert.match(missing?.remedy ?? '', /^Create eu\.orders with message\.timestamp\.after\.max\.ms=/)
  })
})
