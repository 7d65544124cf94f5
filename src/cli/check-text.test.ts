import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TopicPreflight } from '../check/preflight.ts'
import { checkResultLine, countFindings, noticeLines, preflightLines, problemLines } from './check-text.ts'

const preflight: TopicPreflight = {
  flow: 'eu->us',
  topic: 'orders',
  sample: {
    topic: 'orders',
    partitionsCount: 40,
    sampledCount: 16,
    batchesCount: 320,
    recordsCount: 12_345,
    largestBatchBytes: 123_456,
    largestRecordBytes: 1_000,
    oldestTimestamp: 1_700_000_000_000n,
    newestTimestamp: 1_700_000_000_000_000_000n,
    nullKeysCount: 3,
    codecs: ['lz4', 'none'],
    oldFormatCount: 0,
    appendTimeCount: 0,
    holedCount: 0,
    problems: [],
  },
  target: {
    targetTopic: 'eu.orders',
    exists: false,
    maxMessageBytes: null,
    timestampType: null,
    timestampBeforeMaxMs: null,
    timestampAfterMaxMs: null,
    cleanupPolicy: null,
    compressionType: null,
    minInsyncReplicas: null,
    retentionMs: null,
    formatVersion: null,
    replicasCount: null,
    brokersCount: 1,
    problem: null,
  },
  findings: [
    {
      code: 'null-keys',
      level: 'warning',
      what: '3 of 12345 records have no key, and the remote topic is compacted (cleanup.policy), which takes none',
      effect: 'they are left out and counted (twinlog.null.key.policy=drop)',
      remedy: 'Create eu.orders with cleanup.policy=delete, or change cleanup.policy at the source first.',
    },
  ],
}

describe('check, for people', () => {
  test('a topic: what was seen, and each finding with what twinlog does and what can be set, at 80 columns', () => {
    const lines = preflightLines(preflight)
    assert.equal(lines[0], 'orders -> eu.orders (will be created)')
    const text = lines.join('\n').replaceAll(/\s+/g, ' ')
    assert.match(
      text,
      /16 of 40 partitions, 320 batches: largest batch 123,456 bytes; timestamps 2023-11-14T22:13:20 to 1700000000000000000/,
    )
    assert.match(text, /3 of 12,345 without a key/)
    assert.match(text, /WARNING 3 of 12345 .* twinlog: they are left out .* to change it: Create eu\.orders/)
    assert.ok(
      lines.every((line) => line.length <= 80),
      lines.join('\n'),
    )
  })

  test('problems and notices of the file keep to 80 columns', () => {
    const cause = 'is not a known setting; did you mean replication.factor?'
    const problem = {
      key: 'replication.facotr',
      file: 'mm2.properties',
      line: 6,
      cause,
      remedy: 'Correct or remove it, so that nothing is ignored.',
    }
    const lines = [
      ...problemLines('mm2.properties', [problem]),
      ...noticeLines([
        {
          kind: 'not-done-yet',
          level: 'info',
          key: 'emit.checkpoints.enabled',
          text: 'no checkpoints are written (on by default in MirrorMaker 2), and more of it',
        },
        {
          kind: 'changed',
          level: 'warning',
          key: 'topics.blacklist',
          file: 'mm2.properties',
          line: 9,
          text: 'is read as topics.exclude; Kafka 4 ignores this former name altogether',
        },
      ]),
    ]
    assert.equal(lines[0], 'mm2.properties: 1 problem')
    assert.match(lines.join(' '), /mm2\.properties:6: replication\.facotr: is not a known setting/)
    assert.match(lines.join('\n'), /Not done yet:\n {2}emit\.checkpoints\.enabled \(default\)\n {6}no checkpoints/)
    assert.match(lines.join('\n'), /WARNING mm2\.properties:9: topics\.blacklist/)
    assert.ok(
      lines.every((line) => line.length <= 80),
      lines.join('\n'),
    )
  })

  test('the last line counts problems and warnings; no topic at all is a problem', () => {
    const step = (one: TopicPreflight) => ({ event: 'topic' as const, preflight: one })
    assert.equal(
      checkResultLine(countFindings([step(preflight)])),
      'OK: nothing stands in the way, 1 warnings; 1 topics looked at.',
    )
    const [finding] = preflight.findings
    assert.ok(finding !== undefined)
    const bad = { ...preflight, findings: [{ ...finding, level: 'problem' as const }] }
    assert.match(checkResultLine(countFindings([step(bad), step(preflight)])), /^PROBLEMS: 1, 1 warnings; 2 topics/)
    assert.match(checkResultLine(countFindings([])), /^PROBLEM: no topic is mirrored/)
  })
})
