import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { errors } from '../base/errors.ts'
import type { ProducerIdentity } from '../kafka/transactions.ts'
import type { LedgerEntry } from '../mirror/ledger-entry.ts'
import type { Run } from '../mirror/run.ts'
import { Locator } from './locator.ts'
import type { LocatorPorts, TargetSequence, TargetTail } from './locator-ports.ts'
import { MirroredPartition } from './mirrored-partition.ts'

const identity = {
  ...{ producerId: 9n, producerEpoch: 3, firstSequence: 0 },
  ...{ sourceTopicId: null, targetTopicId: null, sourceLeaderEpoch: -1 },
}
const runs = [{ upstream: 0, sequence: 0, downstream: 0 }]

function partitionOf(partition: number, ledger: Partial<LedgerEntry> = {}): MirroredPartition {
  return new MirroredPartition({
    ...{ sourceTopic: 't', targetTopic: 'eu.t', partition, storedPosition: null, isAdded: false },
    ...{ sourceTopicId: null, targetTopicId: null, ledger: { ...identity, runs, ...ledger } },
    target: { timestampType: 'CreateTime', maxMessageBytes: 1e6 },
  })
}

/** A target with 100 records of ours in each partition. */
function setUp(world: {
  sequence: TargetSequence
  fence: ProducerIdentity | null | Error
  markersFrom: number
  ledger?: Partial<LedgerEntry>
  /** Default 100. */
  end?: number
}) {
  const said: string[] = []
  const fences: number[] = []
  let tailsCount = 0
  let nowMs = 0
  const each = <Answer>(list: readonly MirroredPartition[], answer: Answer): Map<MirroredPartition, Answer> =>
    new Map(list.map((one) => [one, answer]))
  const ports: LocatorPorts = {
    targetLeader: () => 1,
    topicIds: () => ({ source: null, target: null }),
    producerIdentity: async () => ({ producerId: 77n, producerEpoch: 0 }),
    targetSettings: async () => new Map(),
    targetSequences: async (list) => each(list, world.sequence),
    targetEnds: async (list) => each(list, (world.end ?? 100) + (fences.length > 0 && world.fence !== null ? 1 : 0)),
    sourceBounds: async (list) => each(list, 0),
    async fence(list) {
      fences.push(list.length)
      if (world.fence instanceof Error) throw world.fence
      return each(list, world.fence)
    },
    async tails(questions) {
      tailsCount++
      const markerEpoch = tailsCount >= world.markersFrom ? 4 : -1
      const tail: TargetTail = { sequence: 99, isAbsent: false, markerEpoch, dataEnd: 100 }
      return each(
        questions.map(({ partition }) => partition),
        tail,
      )
    },
  }
  const name = (what: string) => (partition: MirroredPartition) => void said.push(`${what} ${partition.partition}`)
  const locator = new Locator({
    ports,
    clock: { now: () => nowMs, monotonic: () => (nowMs += 50), sleep: async () => {} },
    isIdempotent: true,
    autoOffsetReset: 'earliest',
    onLocated: name('located'),
    onDelayed: name('delayed'),
    onRefused: name('refused'),
    onBlind: name('blind'),
    onFenced: name('fenced'),
    onUnfenced: name('unfenced'),
    onUnpositioned: name('unpositioned'),
    onStartMissing: name('missing'),
  })
  const partitions = [0, 1].map((partition) => partitionOf(partition, world.ledger))
  for (const partition of partitions) locator.locate(partition)
  const stop = new AbortController()
  const ended = locator.run({ signal: stop.signal }).catch((error: unknown) => error)
  const until = async (isDone: () => boolean): Promise<void> => {
    // The locator looks again every 200 ms of real time; how many turns that is depends on the machine.
    for (const endMs = performance.now() + 10_000; !isDone() && performance.now() < endMs;) await turn()
  }
  const areLocated = (): boolean => said.filter((one) => one.startsWith('located')).length === 2
  return { said, fences, partitions, until, areLocated, ended, stop: () => stop.abort(new Error('stop')) }
}

test('a partition that the target knows goes on under the same identity, without a marker', async () => {
  const { fences, partitions, until, areLocated, stop } = setUp({ sequence: 99, fence: null, markersFrom: 1 })
  await until(areLocated)
  stop()
  assert.deepEqual(fences, [])
  assert.equal(partitions[0]?.identity?.producerEpoch, 3)
  assert.equal(partitions[0]?.fetchOffset, 100)
})

test('forgotten partitions are fenced together and once, the marker is waited for, and sequences run on behind it', async () => {
  const fence = { producerId: 9n, producerEpoch: 4 }
  const { said, fences, partitions, until, areLocated, stop } = setUp({ sequence: null, fence, markersFrom: 3 })
  await until(areLocated)
  stop()
  assert.deepEqual(fences, [2])
  assert.ok(said.includes('delayed 0'))
  for (const one of partitions) {
    assert.deepEqual({ ...one.identity }, { ...identity, producerEpoch: 4, firstSequence: 100 })
    assert.deepEqual(
      [one.fetchOffset, one.ackedDownstream, one.strays, one.fence, one.mustFence],
      [100, 101, null, null, false],
    )
  }
})

test('a partition at odds with what may be on its way is fenced although the target knows it', async () => {
  const fence = { producerId: 9n, producerEpoch: 4 }
  const { fences, partitions, until, areLocated, stop } = setUp({ sequence: 99, fence, markersFrom: 1 })
  for (const one of partitions) one.mustFence = true
  await until(areLocated)
  stop()
  assert.deepEqual(fences, [2])
  assert.equal(partitions[1]?.identity?.producerEpoch, 4)
})

test('what cannot be fenced goes on by the tail alone, and that is told', async () => {
  const { said, partitions, until, areLocated, stop } = setUp({ sequence: null, fence: null, markersFrom: 99 })
  await until(areLocated)
  stop()
  assert.deepEqual(
    said.filter((one) => one.startsWith('unfenced')),
    ['unfenced 0', 'unfenced 1'],
  )
  assert.equal(partitions[0]?.fetchOffset, 100)
  assert.equal(partitions[0]?.identity?.producerEpoch, 3)
})

test('who finds a successor’s epoch, and cannot raise its own, ends', async () => {
  const replaced = errors.PRODUCER_REPLACED({ cluster: 'us', transactionalId: 'x' })
  const { said, ended } = setUp({ sequence: 'superseded', fence: replaced, markersFrom: 99 })
  assert.equal(await ended, replaced)
  assert.deepEqual(said, [])
})

/** Records with a marker behind each, of which the newest runs are unpacked. */
const long: readonly Run[] = Array.from({ length: 600 }, (_, index) => ({
  upstream: 2 * index,
  sequence: index,
  downstream: index,
}))
const newest = long.slice(-256)
const FRESH = { isAdjacent: true, leaderEpoch: -1, maxTimestampMs: 1_000, nowMs: 1_000 }

test('older runs are unpacked only where the target has not come to the newest, and say where the copy goes on', async () => {
  let askedCount = 0
  const ledger = { runs: newest, allRuns: () => (askedCount++, long) }
  const recent = setUp({ sequence: 499, fence: null, markersFrom: 1, ledger, end: 500 })
  await recent.until(recent.areLocated)
  recent.stop()
  assert.equal(recent.partitions[0]?.fetchOffset, 999)
  assert.equal(askedCount, 0)

  const behind = setUp({ sequence: 99, fence: null, markersFrom: 1, ledger })
  await behind.until(behind.areLocated)
  behind.stop()
  for (const one of behind.partitions) {
    assert.equal(one.fetchOffset, 199)
    assert.equal(one.map?.runCount, 600)
    // Another record than the one that may be on its way with this sequence.
    assert.equal(one.strays?.isAtOdds(100, { upstreamOffset: 201, count: 1 }, FRESH), true)
  }
  assert.equal(askedCount, 2)
})

test('a target that ends before the newest runs, and has forgotten the producer, is not taken for an empty one', async () => {
  const fence = { producerId: 9n, producerEpoch: 4 }
  const ledger = { runs: newest, allRuns: () => long }
  const { fences, partitions, until, areLocated, stop } = setUp({ sequence: null, fence, markersFrom: 1, ledger })
  await until(areLocated)
  stop()
  assert.deepEqual(fences, [2])
  assert.deepEqual(
    partitions.map(({ fetchOffset }) => fetchOffset),
    [199, 199],
  )
})

test('older runs that cannot be read stop their partition', async () => {
  const allRuns = (): never => {
    throw errors.LEDGER_SEGMENT_MISSING({ ledgerTopic: 'l', offset: 1, segment: 2, topic: 't', partition: 0 })
  }
  const { said, until, stop } = setUp({ sequence: 99, fence: null, markersFrom: 1, ledger: { runs: newest, allRuns } })
  await until(() => said.length === 2)
  stop()
  assert.deepEqual(said, ['refused 0', 'refused 1'])
})
