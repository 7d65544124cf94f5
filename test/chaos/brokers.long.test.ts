import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerKilled, brokerPaused, brokerRestarted } from './broker-faults.ts'
import { ChaosSuite } from './chaos-suite.ts'
import type { Fault } from './fault.ts'

const suite = ChaosSuite.register('brokers')
const { random, log } = suite
/** Fewer, where time is short. */
const FAULTS_PER_SIDE = Number(process.env.TWINLOG_CHAOS_FAULTS ?? 20)
const FAULTS_PER_ROUND = 5
/** What is promised: this long after a broker is back all partitions are copied again, and those that have nothing on it do not stand still for longer. */
const COPYING_AGAIN_MS = 5_000
const UNAFFECTED_MS = 1_000

/** Half of them kill -9, the rest in equal parts standstills and orderly restarts. */
const faults: Fault[] = random.shuffle(
  (['source', 'target'] as const).flatMap((side) =>
    Array.from({ length: FAULTS_PER_SIDE }, (_, index) =>
      index % 2 === 0 ? brokerKilled(side) : index % 4 === 1 ? brokerPaused(side) : brokerRestarted(side),
    ),
  ),
)

for (let round = 0; round * FAULTS_PER_ROUND < faults.length; round++) {
  test(`faults ${round * FAULTS_PER_ROUND + 1} to ${(round + 1) * FAULTS_PER_ROUND} of brokers of both sides: nothing lost, doubled or out of order`, async () => {
    await suite.judge(`round-${round}`, faults.slice(round * FAULTS_PER_ROUND, (round + 1) * FAULTS_PER_ROUND))
  })
}

test('all of them were carried out, and none cost more than is promised', () => {
  const broker = log.records.filter(({ fault }) => fault.startsWith('broker'))
  assert.equal(broker.length, 2 * FAULTS_PER_SIDE)
  const tooMuch = broker.filter(
    ({ copyingAgainMs = Infinity, unaffectedStandstillMs = Infinity }) =>
      copyingAgainMs > COPYING_AGAIN_MS || unaffectedStandstillMs > UNAFFECTED_MS,
  )
  assert.deepEqual(tooMuch, [])
})
