import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import { DutyRunner } from './flow-duty.ts'
import type { FlowDuty } from './flow-duty.ts'

/** Sleeps are over at once; after the last round the signal is aborted. */
function runner(duty: Omit<FlowDuty, 'name'>, roundsCount: number) {
  const stop = new AbortController()
  const sleeps: number[] = []
  const events: string[] = []
  let nowMs = 0
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    sleep: (ms) => {
      sleeps.push(ms)
      nowMs += ms
      if (sleeps.length === roundsCount) stop.abort()
      return Promise.resolve()
    },
  }
  const observe = { event: (name: string) => events.push(name) }
  const made = new DutyRunner({ name: 'heartbeats', ...duty }, { flow: 'a->b', clock, random: () => 0.5, observe })
  return {
    sleeps,
    events,
    status: () => made.status(),
    run: () => made.run({ signal: stop.signal }),
    pass: (ms: number) => (nowMs += ms),
  }
}

const passing = errors.CLUSTER_UNREACHABLE({ cluster: 'b', addresses: 'x:1', reason: 'it is away' })
const final = errors.TRANSACTION_TIMEOUT_REFUSED({ cluster: 'b', timeoutMs: 1 })

describe('DutyRunner', () => {
  it('runs at once and then at its interval, counted from the beginning of a round', async () => {
    const tried = runner({ intervalMs: 1_000, round: () => Promise.resolve(void tried.pass(300)) }, 3)
    await tried.run()
    assert.deepEqual(tried.sleeps, [700, 700, 700])
    assert.deepEqual(tried.events, [])
    assert.equal(tried.status().state, 'done')
  })

  it('does not wait after a round that took longer than the interval', async () => {
    const tried = runner({ intervalMs: 1_000, round: () => Promise.resolve(void tried.pass(1_500)) }, 2)
    await tried.run()
    assert.deepEqual(tried.sleeps, [0, 0])
  })

  it('tries a failed round again with a back-off, says the same reason once, and says when it works again', async () => {
    const outcomes = [passing, passing, passing, null]
    const tried = runner({ intervalMs: 600_000, round: () => outcome(outcomes.shift()) }, 4)
    await tried.run()
    assert.deepEqual(tried.sleeps, [500, 1_000, 2_000, 600_000])
    assert.deepEqual(tried.events, ['DutyFailed', 'DutyRecovered'])
  })

  it('asks a cluster that is away no more often than every five seconds, however short the interval', async () => {
    const tried = runner({ intervalMs: 1_000, round: () => outcome(passing) }, 6)
    await tried.run()
    assert.deepEqual(tried.sleeps, [500, 1_000, 2_000, 4_000, 5_000, 5_000])
    assert.equal(tried.status().state, 'failing')
    assert.equal(tried.status().reason, passing.message)
  })

  it('waits for its interval, but at least a minute, where waiting cannot mend the failure', async () => {
    const slow = runner({ intervalMs: 600_000, round: () => outcome(final) }, 1)
    const quick = runner({ intervalMs: 1_000, round: () => outcome(final) }, 1)
    await Promise.all([slow.run(), quick.run()])
    assert.deepEqual([...slow.sleeps, ...quick.sleeps], [600_000, 60_000])
  })

  it('throws a defect, which ends the flow', async () => {
    const tried = runner({ intervalMs: 1_000, round: () => outcome(errors.DEFECT({ what: 'a test' })) }, 1)
    await assert.rejects(tried.run(), { code: 'DEFECT' })
  })
})

function outcome(error: Error | null | undefined): Promise<void> {
  return error ? Promise.reject(error) : Promise.resolve()
}
