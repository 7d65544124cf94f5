import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { reportFlow } from '../control/status-report.ts'
import type { FlowReport, StatusReport } from '../control/status-report.ts'
import { flowReading, laneStatus, laneTotals, partitionStatus } from '../../test/support/partition-status.ts'
import { paint } from './styled-line.ts'
import { initialViewState } from './view-state.ts'
import type { ViewState } from './view-state.ts'
import { viewLines } from './view-text.ts'
import type { ViewContent } from './view-text.ts'

const NOW_MS = Date.parse('2026-03-01T12:00:00Z')
const since = '2026-03-01T09:47:00.000Z'
const here = { host: 'mirror-1', pid: 4242, since, isThisProcess: true }

function copyingFlow(topicsCount = 3): FlowReport {
  const names = ['orders', 'payments', 'customers.address-changes.v2', 'audit']
  const topics = Array.from(
    { length: topicsCount },
    (_, index) => names[index] ?? `topic-${String(index).padStart(3, '0')}`,
  )
  const partitions = topics.flatMap((topic, index) => [
    partitionStatus({
      topic,
      lagRecords: 1_200 * index,
      lagSeconds: index * 0.4,
      oldestAgeSeconds: index * 0.5,
      recordsTotal: 9_000_000 * (index + 1),
      bytesTotal: 9e9,
    }),
    partitionStatus({ topic, partition: 1, recordsTotal: 1_234_567, bytesTotal: 1e9 }),
    ...(topic === 'payments'
      ? [
          partitionStatus({
            topic,
            partition: 2,
            phase: 'stopped',
            reason:
              'The target refused the batch at offset 4711 of payments partition 2: MESSAGE_TOO_LARGE (1,200,345 bytes).',
            lagRecords: 88_000,
            lagSeconds: 7_400,
            oldestAgeSeconds: 7_400,
          }),
        ]
      : []),
  ])
  const totals = laneTotals({ recordsTotal: 48_703_701, bytesTotal: 3e10 })
  return reportFlow(flowReading({ owner: here, gapsTotal: 1, lane: laneStatus({ totals, partitions }) }), NOW_MS)
}

const standby = reportFlow(
  flowReading({
    name: 'us->eu',
    state: { name: 'standby', failures: 0, hasCopied: false, cause: 'process 17 on mirror-2 copies it' },
    owner: { host: 'mirror-2', pid: 17, since, isThisProcess: false },
  }),
  NOW_MS,
)
const waiting = reportFlow(
  flowReading({
    name: 'eu->archive-cluster-of-the-finance-department',
    state: {
      name: 'retrying',
      failures: 3,
      hasCopied: false,
      cause: 'No broker of cluster archive answers at archive-1:9092, archive-2:9092: ECONNREFUSED',
    },
  }),
  NOW_MS,
)

function contentOf(flows: readonly FlowReport[], what: Partial<ViewContent> = {}): ViewContent {
  const report: StatusReport = {
    version: '0.1.0',
    host: 'mirror-1',
    pid: 4242,
    startedAt: since,
    time: new Date(NOW_MS).toISOString(),
    logLevel: 'info',
    flows,
  }
  return {
    report,
    ratesOfFlow: (flow) =>
      flow === 'eu->us'
        ? { recordsPerSecond: 12_345.6, bytesPerSecond: 12_340_000 }
        : { recordsPerSecond: 0, bytesPerSecond: 0 },
    ratesOfTopic: (_, topic) => ({ recordsPerSecond: topic.length * 500, bytesPerSecond: topic.length * 400_000 }),
    progressOf: (flow) => (flow === 'eu->us' ? { share: 0.614, secondsLeft: 260 } : null),
    trouble: null,
    ...what,
  }
}

function shown(content: ViewContent, state: Partial<ViewState>, columns: number, rows = 30): string[] {
  const lines = viewLines(content, { ...initialViewState, ...state }, { columns, rows }, 'Ctrl-C stop')
  return lines.map((line) => paint(line, columns, false))
}

/** Compares with a picture of it; TWINLOG_GOLDEN=write draws it anew. */
function assertPicture(name: string, lines: readonly string[]): void {
  const file = new URL(`../../test/golden/${name}.txt`, import.meta.url)
  const text = `${lines.join('\n')}\n`
  if (process.env['TWINLOG_GOLDEN'] === 'write') writeFileSync(file, text)
  assert.equal(text, readFileSync(file, 'utf8'))
}

describe('live view', () => {
  for (const columns of [80, 200]) {
    test(`at ${columns} columns`, () => {
      const lines = shown(contentOf([copyingFlow(), standby, waiting]), {}, columns)
      assertPicture(`view-${columns}`, lines)
      assert.ok(lines.every(({ length }) => length <= columns))
    })
  }

  test('with many topics shows a part of them and says which', () => {
    const lines = shown(contentOf([copyingFlow(200)]), { firstRow: 50, sort: 'records/s' }, 80, 24)
    assertPicture('view-many-topics', lines)
    assert.equal(lines.length, 24)
  })

  test('never has more lines than the terminal, and keeps the last one', () => {
    for (const rows of [4, 6, 8, 12]) {
      const lines = shown(contentOf([copyingFlow(50), standby, waiting]), {}, 80, rows)
      assert.ok(lines.length <= rows, `${lines.length} in ${rows}`)
      assert.match(lines.at(-1) ?? '', /^s sort/)
    }
  })

  test('help and trouble', () => {
    const trouble = 'No twinlog answers at http://127.0.0.1:8383: ECONNREFUSED'
    const lines = shown(contentOf([standby], { trouble }), { isHelpShown: true }, 80)
    assert.equal(lines[1], trouble)
    assert.ok(lines.some((line) => /PgUp PgDn/.test(line)))
  })

  test('what stopped stands first whatever the order, and is not lost when it is reversed', () => {
    const topicsOf = (state: Partial<ViewState>): string[] =>
      shown(contentOf([copyingFlow(4)], { progressOf: () => null }), state, 80).flatMap((line) => {
        const [, topic] = /^(orders|payments|customers|audit)\S* .* \d/.exec(line) ?? []
        return topic === undefined ? [] : [topic]
      })
    assert.deepEqual(topicsOf({}), ['payments', 'audit', 'customers', 'orders'])
    assert.deepEqual(topicsOf({ sort: 'lag' }), ['payments', 'audit', 'customers', 'orders'])
    assert.deepEqual(topicsOf({ sort: 'records/s' }), ['payments', 'customers', 'orders', 'audit'])
    assert.deepEqual(topicsOf({ sort: 'records/s', isReversed: true }), ['payments', 'audit', 'orders', 'customers'])
    assert.deepEqual(topicsOf({ filter: 'AUD' }), ['audit'])
    assert.deepEqual(topicsOf({ areTopicsShown: false }), [])
  })
})
