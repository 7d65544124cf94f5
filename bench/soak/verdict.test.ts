import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sample } from './sample.ts'
import { FIGURES, judgeLives } from './verdict.ts'
import type { FigureName } from './verdict.ts'

function samples(seconds: number, change: (lifeSeconds: number) => Partial<Sample>, life = 1): Sample[] {
  return Array.from({ length: Math.floor(seconds / 10) + 1 }, (_, index) => ({
    atSeconds: index * 10,
    life,
    lifeSeconds: index * 10,
    rssMib: 150,
    heapMib: 30,
    externalMib: 60,
    arrayBuffersMib: 50,
    threads: 11,
    fileDescriptors: 40,
    connections: 8,
    lagRecords: 20,
    recordsTotal: index * 1000,
    cpuSeconds: index,
    ...change(index * 10),
  }))
}

function notFlat(all: readonly Sample[]): string[] {
  return judgeLives(all).flatMap(({ figures }) => figures.filter(({ isFlat }) => !isFlat).map(({ figure }) => figure))
}

test('a process that stays as it is is flat, whatever its first minute was like', () => {
  const all = samples(1_200, (lifeSeconds) => (lifeSeconds < 60 ? { rssMib: 80, lagRecords: 90_000 } : {}))
  assert.deepEqual(notFlat(all), [])
  assert.equal(judgeLives(all)[0]?.figures.length, Object.keys(FIGURES).length)
})

test('each figure that grows is found, and only that one', () => {
  for (const figure of Object.keys(FIGURES) as FigureName[]) {
    assert.deepEqual(notFlat(samples(1_200, (lifeSeconds) => ({ [figure]: 20 + lifeSeconds * 10 }))), [figure])
  }
})

test('a lag that a restarted broker raises for a while is no growth', () => {
  assert.deepEqual(notFlat(samples(1_200, (lifeSeconds) => (lifeSeconds % 240 > 200 ? { lagRecords: 5e4 } : {}))), [])
})

test('lives are judged each for itself, and one that is too short not at all', () => {
  const all = [...samples(100, () => ({ rssMib: 100 })), ...samples(600, () => ({ rssMib: 300 }), 2)]
  assert.deepEqual(
    judgeLives(all).map(({ life, figures }) => [life, figures.length > 0]),
    [
      [1, false],
      [2, true],
    ],
  )
  assert.deepEqual(notFlat(all), [])
})
