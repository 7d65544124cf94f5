import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flowReading } from '../../test/support/partition-status.ts'
import { healthOf } from './health.ts'
import { reportFlow } from './status-report.ts'

const waiting = { name: 'waiting', failures: 0, hasCopied: false } as const

test('a flow that only writes heartbeats, and does not, is a warning', () => {
  const copying = reportFlow(flowReading(), 0)
  const silent = reportFlow(flowReading({ name: 'us->eu', isHeartbeatsOnly: true, state: waiting, trouble: 'away' }), 0)
  assert.deepEqual(healthOf([copying, silent]), {
    isReady: true,
    reasons: [],
    warnings: ['Flow us->eu is waiting: away'],
  })
})

test('what a flow fails at beside copying is a warning', () => {
  const duty = { duty: 'heartbeats', intervalSeconds: 1, lastDoneAt: null, details: {} }
  const failing = { ...duty, state: 'failing', reason: 'no permission' } as const
  const flow = reportFlow(flowReading({ duties: [failing, { ...duty, state: 'done', reason: null }] }), 0)
  assert.deepEqual(healthOf([flow]), {
    isReady: true,
    reasons: [],
    warnings: ['Flow eu->us: heartbeats: no permission'],
  })
})
