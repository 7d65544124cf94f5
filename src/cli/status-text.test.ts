import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { flowReading, laneStatus, laneTotals, partitionStatus } from '../../test/support/partition-status.ts'
import { summarizeFlow } from '../control/flow-summary.ts'
import { exitCodeOf } from './exit-code.ts'
import { RateMeter } from './rate-meter.ts'
import { statusText } from './status-text.ts'

const now = 0

describe('status line', () => {
  test('tells rates, lag, what was copied, and what does not copy', () => {
    const partitions = [
      partitionStatus({ topic: 'a', lagRecords: 40 }),
      partitionStatus({ topic: 'a', partition: 1, phase: 'stopped', reason: 'corrupt batch' }),
    ]
    const totals = laneTotals({ recordsTotal: 1_234_567, bytesTotal: 5, resealedTotal: 1 })
    const lane = laneStatus({ totals, partitions })
    const copying = summarizeFlow(flowReading({ lane, gapsTotal: 2 }), now)
    const waiting = summarizeFlow(
      flowReading({ name: 'us->eu', state: { name: 'waiting', failures: 0, hasCopied: false } }),
      now,
    )
    assert.deepEqual(copying.stopped, [{ topic: 'a', partition: 1, reason: 'corrupt batch' }])
    assert.equal(
      statusText([copying, waiting], { recordsPerSecond: 12_345.6, bytesPerSecond: 12_300_000 }),
      'eu->us, us->eu waiting for its clusters | 2 partitions, 1 STOPPED | 12,346 records/s | 12.3 MB/s | lag 40 | copied 1,234,567 | 2 gaps',
    )
  })

  test('a standby says who copies', () => {
    const owner = { host: 'db-7', pid: 42, since: '2026-01-01T00:00:00.000Z', isThisProcess: false }
    const cause = 'process 42 on db-7 copies it'
    const state = { name: 'standby', failures: 0, hasCopied: false, cause } as const
    const flow = summarizeFlow(flowReading({ state, owner }), now)
    assert.deepEqual([flow.state, flow.reason, flow.owner], ['standby', cause, owner])
    assert.match(
      statusText([flow], { recordsPerSecond: 0, bytesPerSecond: 0 }),
      /^eu->us standby \(process 42 on db-7 copies it\) \| 0 partitions/,
    )
  })

  test('a flow that only writes heartbeats is not said to copy', () => {
    const flow = summarizeFlow(flowReading({ isHeartbeatsOnly: true }), now)
    assert.match(statusText([flow], { recordsPerSecond: 0, bytesPerSecond: 0 }), /^eu->us heartbeats \|/)
  })

  test('many flows are counted', () => {
    const flows = ['a', 'b', 'c', 'd'].map((name) => summarizeFlow(flowReading({ name }), now))
    assert.match(statusText(flows, { recordsPerSecond: 0, bytesPerSecond: 0 }), /^4 flows \| 0 partitions/)
  })
})

describe('rate meter', () => {
  test('tells what came in the last seconds, and begins anew when totals shrink', () => {
    const meter = new RateMeter()
    assert.deepEqual(meter.add(0, 100, 1_000), { recordsPerSecond: 0, bytesPerSecond: 0 })
    assert.deepEqual(meter.add(1_000, 300, 3_000), { recordsPerSecond: 200, bytesPerSecond: 2_000 })
    assert.deepEqual(meter.add(6_500, 300, 3_000), { recordsPerSecond: 0, bytesPerSecond: 0 })
    assert.deepEqual(meter.add(7_500, 10, 100), { recordsPerSecond: 0, bytesPerSecond: 0 })
    assert.deepEqual(meter.add(8_500, 20, 300), { recordsPerSecond: 10, bytesPerSecond: 200 })
  })
})

describe('exit code', () => {
  test('is 0 when all flows stopped as asked, 2 for a configuration error, 1 for what else failed', () => {
    const ended = (kind: 'configuration' | 'defect') => ({ name: 'ended', kind, cause: 'x' }) as const
    const stopped = { name: 'stopped' } as const
    assert.equal(exitCodeOf([stopped, stopped]), 0)
    assert.equal(exitCodeOf([stopped, ended('defect')]), 1)
    assert.equal(exitCodeOf([ended('defect'), ended('configuration'), stopped]), 2)
  })
})
