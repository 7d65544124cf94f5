import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { locatedPartition } from '../../test/support/located-partition.ts'
import { ByteBudget } from '../base/byte-budget.ts'
import { systemClock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import type { AnswerIntake, IntakePause } from './answer-intake.ts'
import { AnswerWalk } from './answer-walk.ts'
import type { BatchMemory } from './batch-memory.ts'
import { CopiedAnswer } from './copied-answer.ts'
import { DeferredIntake } from './deferred-intake.ts'
import type { GroupTranscoder, TranscodedGroup } from './group-transcoder.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

const group = { places: [0], sizeBytes: 10, endAt: 10, positionAfter: 1, leaderEpoch: 0, isNeeded: true }
const nothing: TranscodedGroup = { batches: [], nullKeysCount: 0, deadLettersCount: 0, refusal: null }

/** The deferred intake of some partitions, whose walks are through after so many bytes of ten in a turn. */
class World {
  readonly said: string[] = []
  readonly stop = new AbortController()
  readonly budget: ByteBudget
  readonly deferred: DeferredIntake
  readonly arena = Buffer.alloc(100, 'a')
  /** What `later` gives; each call waits for its own. */
  readonly waiting: PromiseWithResolvers<TranscodedGroup>[] = []
  isLong = false
  /** The first turn makes a batch that waits to be sent. */
  holdsOne = false
  held: BatchMemory | null = null

  constructor(budgetBytes = 1_000) {
    this.budget = new ByteBudget(budgetBytes)
    const name = ({ sourceTopic }: MirroredPartition): string => sourceTopic
    const intake: Pick<AnswerIntake, 'takeOn' | 'place' | 'refuse'> = {
      takeOn: ([walk]) => {
        assert.ok(walk !== undefined && walk.memory.bytes !== this.arena)
        this.said.push(`take ${name(walk.partition)} at ${walk.at}`)
        if (this.isLong && walk.at === 0) return [{ walk, pause: group }]
        if (this.holdsOne && walk.at === 0) {
          walk.memory.hold()
          this.held = walk.memory
        }
        walk.at += 10
        const pause: IntakePause = 'turn'
        return walk.isDone ? [] : [{ walk, pause }]
      },
      place: (walk) => {
        this.said.push(`place ${name(walk.partition)}`)
        walk.at += 10
      },
      refuse: ({ partition }, error) => this.said.push(`refuse ${name(partition)}: ${(error as Error).message}`),
    }
    const transcoder: Pick<GroupTranscoder, 'later'> = {
      later: () => {
        const one = Promise.withResolvers<TranscodedGroup>()
        this.waiting.push(one)
        return one.promise
      },
    }
    this.deferred = new DeferredIntake({
      clock: systemClock,
      intake: intake as AnswerIntake,
      transcoder: transcoder as GroupTranscoder,
      budget: this.budget,
      signal: this.stop.signal,
      pauseReading: (partition) => this.said.push(`pause ${name(partition)}`),
      resumeReading: (partition) => this.said.push(`resume ${name(partition)}`),
      onDefect: (error) => assert.fail(String(error)),
    })
  }

  /** Hands over what is left of an answer: bytes 50 to 70 of the arena. */
  add(name: string): MirroredPartition {
    const partition = Object.assign(locatedPartition(0, 0), { sourceTopic: name })
    const memory = new CopiedAnswer(this.arena, () => {})
    this.deferred.add(new AnswerWalk(partition, { memory, start: 50, end: 70 }, null))
    return partition
  }

  /** Some turns of the event loop. @returns what was said since */
  async turns(): Promise<string[]> {
    for (let count = 0; count < 30; count++) await nextTurn()
    return this.said.splice(0)
  }
}

test('a walk goes on turn by turn, beside others, from a copy of its bytes; its partition is not read meanwhile', async () => {
  const world = new World()
  world.add('a')
  world.add('b')
  assert.equal(world.budget.takenBytes, 40)
  world.arena.fill(0)
  assert.deepEqual(await world.turns(), [
    'pause a',
    'pause b',
    'take a at 0',
    'take b at 0',
    'take a at 10',
    'resume a',
    'take b at 10',
    'resume b',
  ])
  assert.equal(world.budget.takenBytes, 0)
})

test('what takes long holds up its own partition only, and is queued when it is there', async () => {
  const world = new World()
  world.isLong = true
  world.add('a')
  assert.deepEqual(await world.turns(), ['pause a', 'take a at 0'])
  world.isLong = false
  world.add('b')
  assert.deepEqual(await world.turns(), ['pause b', 'take b at 0', 'take b at 10', 'resume b'])
  world.waiting[0]?.resolve(nothing)
  assert.deepEqual(await world.turns(), ['place a', 'take a at 10', 'resume a'])
})

test('what was under way when the partition went on elsewhere is thrown away', async () => {
  const world = new World()
  world.isLong = true
  const partition = world.add('a')
  await world.turns()
  partition.continueAt({ upstream: 7, sequence: 0, downstream: -1, leaderEpoch: -1 })
  world.waiting[0]?.resolve(nothing)
  assert.deepEqual(await world.turns(), ['resume a'])
})

test('a batch that cannot be decoded stops its partition, unless that went on elsewhere', async () => {
  for (const isCurrent of [true, false]) {
    const world = new World()
    world.isLong = true
    const partition = world.add('a')
    await world.turns()
    if (!isCurrent) partition.state = { name: 'recovering', reason: 'lost' }
    world.waiting[0]?.reject(errors.BATCH_CORRUPT({ offset: 1, what: 'damaged' }))
    const said = await world.turns()
    assert.equal(said.length, isCurrent ? 2 : 1)
    assert.equal(said.at(-1), 'resume a')
  }
})

test('where there is no room for another copy the partition is read again later', async () => {
  const world = new World(30)
  world.isLong = true
  world.add('a')
  world.add('b')
  assert.deepEqual(await world.turns(), ['pause a', 'pause b', 'take a at 0'])
  world.waiting[0]?.resolve(nothing)
  assert.deepEqual(await world.turns(), ['place a', 'take a at 10', 'resume a', 'resume b'])
})

test('batches that wait to be sent keep their partition from being read on', async () => {
  const world = new World()
  world.holdsOne = true
  world.add('a')
  assert.deepEqual(await world.turns(), ['pause a', 'take a at 0', 'take a at 10'])
  world.held?.drop()
  assert.deepEqual(await world.turns(), ['resume a'])
})
