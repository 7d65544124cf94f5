import { test } from 'node:test'
import { brokerKilled, leaderMoved, partitionAdded } from './broker-faults.ts'
import { builtWindows } from './built-windows.ts'
import { ChaosSuite } from './chaos-suite.ts'
import { ELECTIONS } from './election-loss.ts'
import { answerFaults, cutAll, cutInFrame, lostAnswer, quota, slowWay, unreachable } from './link-faults.ts'
import { killed, paused, pausedInside } from './process-faults.ts'
import { overtakenByRetention } from './retention-loss.ts'
import { recreatedUnderLoad } from './topic-loss.ts'

const suite = ChaosSuite.register('everything')
const { random } = suite
const sides = ['source', 'target'] as const

test('every error code of Fetch and Produce that is got over costs nothing', async () => {
  await suite.judge('codes', random.shuffle(answerFaults))
})

test('a process that stands still inside each of its windows costs nothing', async () => {
  const windows = builtWindows()
  await suite.judge(
    'standstill',
    random.shuffle(windows.flatMap((window) => [pausedInside(window), pausedInside(window)])),
  )
})

for (const round of [1, 2, 3]) {
  test(`everything that may happen, in an order that nobody chose, costs nothing (${round})`, async () => {
    const both = sides.flatMap((side) => [
      cutAll(side),
      slowWay(side),
      unreachable(side),
      quota(side),
      leaderMoved(side),
    ])
    const once = [cutInFrame, lostAnswer, partitionAdded, killed(), killed(), paused]
    await suite.judge(
      `mixed-${round}`,
      random.shuffle([...both, ...once, ...random.shuffle(answerFaults).slice(0, 5), ...sides.map(brokerKilled)]),
    )
  })
}

test('what the source deletes before it is copied is missing, said, and nothing else is', async () => {
  await overtakenByRetention(suite.clusters, 'retention', 20, suite)
})

test('a source topic that is deleted and made again under load is cut off where a gap says, and copied anew', async () => {
  await recreatedUnderLoad(suite.clusters, 'reborn', 8, suite)
})

for (const side of sides) {
  test(`what an unclean election takes from the ${side} is said`, async () => {
    for (const round of [1, 2]) await ELECTIONS[side](suite.clusters, `unclean-${side}-${round}`, suite)
  })
}
