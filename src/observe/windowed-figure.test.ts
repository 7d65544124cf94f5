import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WindowedFigure } from './windowed-figure.ts'

test('a figure tells least, greatest, average and rates of the last two windows', () => {
  const figure = new WindowedFigure()
  figure.note(10, 3, 300, 0)
  figure.note(50, 1, 100, 1_000)
  assert.deepEqual([figure.least(2_000), figure.greatest(2_000), figure.average(2_000)], [10, 50, 20])
  // What begins is told over one whole window.
  assert.equal(figure.countPerSecond(2_000), 4 / 30)
  figure.note(70, 4, 0, 40_000)
  assert.deepEqual([figure.least(40_000), figure.greatest(40_000), figure.average(40_000)], [10, 70, 45])
  assert.equal(figure.countPerSecond(40_000), 8 / 40)
  assert.equal(figure.amountPerSecond(40_000), 400 / 40)
})

test('what is older than two windows is forgotten, and the last value is not', () => {
  const figure = new WindowedFigure()
  figure.note(10, 1, 1, 0)
  figure.note(30, 1, 1, 35_000)
  assert.deepEqual([figure.least(61_000), figure.greatest(61_000)], [30, 30])
  assert.deepEqual([figure.last, figure.least(200_000), figure.average(200_000)], [30, NaN, NaN])
  assert.deepEqual([figure.countPerSecond(200_000), figure.amountPerSecond(200_000)], [0, 0])
})

test('of nothing nothing is told', () => {
  const figure = new WindowedFigure()
  assert.deepEqual([figure.last, figure.greatest(5), figure.countPerSecond(5)], [NaN, NaN, 0])
})
