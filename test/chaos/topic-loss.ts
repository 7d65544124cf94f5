import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, deleteTopics, listTopics } from '../../dev/kafka/admin.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { readSequences } from '../../dev/kafka/sequences.ts'
import { startMirror } from '../support/mirror.ts'
import { startRecords } from '../support/record-stream.ts'
import type { RecordStream } from '../support/record-stream.ts'
import type { SeededRandom } from '../support/seeded-random.ts'
import type { ChaosClusters } from './chaos-clusters.ts'
import type { ChaosLog } from './chaos-log.ts'
import { waitUntilCaughtUp } from './retention-loss.ts'
import { assertAscending, readSaidGaps } from './said-gaps.ts'
import type { SaidGap } from './said-gaps.ts'

const PARTITIONS = 2
const INCARNATION = 1_000_000

/**
 * The source topic is deleted under load and made again, again and again. Of each incarnation the copy holds a beginning, in order; where it is not all, a gap begins
 * just behind it; of the last one it holds everything.
 */
export async function recreatedUnderLoad(
  { source, target }: ChaosClusters,
  alias: string,
  rounds: number,
  { random, log }: { readonly random: SeededRandom; readonly log: ChaosLog },
): Promise<void> {
  const topic = `${alias}.reborn`
  const acked: Record<string, number>[] = []
  await createTopics(source, { name: topic, partitions: PARTITIONS, replicationFactor: 3 })
  await using twinlog = await startMirror({ source, target, alias, topics: topic, windows: {} })
  for (let round = 0; round <= rounds; round++) {
    await using stream = write(source, topic, round)
    await waitUntilSeen(target, twinlog.remote(topic), round)
    await sleep(random.between(100, 1_000))
    acked.push((await stream.stop()).acked)
    if (round === rounds) break
    log.say('the source topic is deleted and made again')
    await deleteTopics(source, topic)
    while ((await listTopics(source)).includes(topic)) await sleep(50)
    await createTopics(source, { name: topic, partitions: PARTITIONS, replicationFactor: 3 })
  }
  await waitUntilCaughtUp(twinlog)
  const gaps = await readSaidGaps(target, alias)
  const found = await readSequences({ client: target.adminProperties, topic: twinlog.remote(topic) })
  for (const [partition, { ranges }] of Object.entries(found)) {
    assertAscending(ranges, `${topic} partition ${partition}`)
    acked.forEach((counts, round) => {
      const own = ranges.filter(([first]) => Math.floor(first / INCARNATION) === round)
      assertBeginning(own, { partition: Number(partition), round, acked: counts[partition] ?? 0 }, gaps)
      if (round === rounds)
        assert.equal(copiedOf(own), counts[partition], `${topic} partition ${partition}, the last incarnation`)
    })
  }
  assert.deepEqual(twinlog.eventsOf('DuplicatesPossible'), [])
  log.tally(twinlog.windows.counts, null)
  log.say(`${rounds} incarnations were cut off where ${gaps.length} gaps say`)
  await twinlog.stop()
}

/** Every partition of this incarnation has begun to be copied: of one that was never seen nobody could say anything. */
async function waitUntilSeen(target: KafkaCluster, remote: string, round: number): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  const isSeen = async (): Promise<boolean> => {
    if (!(await listTopics(target)).includes(remote)) return false
    const found = Object.values(await readSequences({ client: target.adminProperties, topic: remote }))
    return found.length === PARTITIONS && found.every(({ ranges }) => (ranges.at(-1)?.[1] ?? -1) >= round * INCARNATION)
  }
  while (!(await isSeen())) {
    assert.ok(performance.now() < deadlineMs, `incarnation ${round} of ${remote} is not copied`)
    await sleep(100)
  }
}

function write(source: KafkaCluster, topic: string, round: number): RecordStream {
  const options = { topic, partitions: PARTITIONS, recordsPerSecond: 600, valueBytes: 200 }
  return startRecords(source, { ...options, firstSequence: round * INCARNATION }, { 'linger.ms': '5' })
}

function assertBeginning(
  ranges: readonly (readonly [number, number])[],
  { partition, round, acked }: { partition: number; round: number; acked: number },
  gaps: readonly SaidGap[],
): void {
  const what = `partition ${partition}, incarnation ${round}: ${JSON.stringify(ranges)} of ${acked}`
  assert.ok(ranges.length <= 1, `${what}: there are holes`)
  assert.ok(
    ranges.length === 0 || ranges[0]?.[0] === round * INCARNATION,
    `${what}: it does not begin at the beginning`,
  )
  const copied = copiedOf(ranges)
  const isSaid = gaps.some((gap) => gap.partition === partition && gap.fromOffset === copied)
  assert.ok(copied === acked || isSaid, `${what}: no gap begins at ${copied}: ${JSON.stringify(gaps)}`)
}

function copiedOf(ranges: readonly (readonly [number, number])[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
}
