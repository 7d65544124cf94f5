import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longTest } from '../support/long-test.ts'
import { brokerKilled, leaderMoved, partitionAdded } from './broker-faults.ts'
import { builtWindows, EXACTLY_ONCE_WINDOWS, exactlyOnceScenario } from './built-windows.ts'
import { ChaosSuite } from './chaos-suite.ts'
import { answerFaults, cutAll, cutInFrame, lostAnswer, quota, slowWay, unreachable } from './link-faults.ts'
import { overtakenByRetention } from './retention-loss.ts'
import { killed, killedInside, paused, pausedInside } from './process-faults.ts'

const suite = ChaosSuite.register('core')
const { random, log } = suite
const built = builtWindows()

test('killed and stopped inside each of its windows, under load, it loses, repeats and reorders nothing', async () => {
  const windows = random.shuffle(built)
  await suite.judge('windows', [...windows.map(killedInside), pausedInside(random.pick(windows))])
})

test('so it is with transactions of its own', async () => {
  await suite.judge('windows-eos', random.shuffle(EXACTLY_ONCE_WINDOWS.map(killedInside)), exactlyOnceScenario)
})

longTest(
  'links that are cut, slow and dead, lost answers, error codes and leaders that move cost nothing',
  async () => {
    const side = random.pick(['source', 'target'] as const)
    const links = [cutAll(side), cutInFrame, slowWay(side), unreachable(side), quota(side), paused, killed()]
    await suite.judge('links', [
      ...random.shuffle([
        ...random.shuffle(links).slice(0, 3),
        ...random.shuffle(answerFaults).slice(0, 3),
        lostAnswer,
      ]),
      leaderMoved('source'),
      leaderMoved('target'),
      partitionAdded,
    ])
  },
)

test('a broker of each side, killed and come back under load, costs nothing', async () => {
  await suite.judge('brokers', random.shuffle([brokerKilled('source'), brokerKilled('target')]))
})

test('what the source deletes before it is copied is missing, said, and nothing else is', async () => {
  await overtakenByRetention(suite.clusters, 'retention', 3, suite)
})

test('every window was hit', () => {
  const unhit = built.filter((window) => (log.windows.get(window)?.stopped ?? 0) === 0)
  assert.deepEqual(unhit, [], 'in these windows no process was stopped')
})
