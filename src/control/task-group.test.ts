import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runTogether } from './task-group.ts'

const { signal } = new AbortController()

describe('task group', () => {
  test('the first failure ends the others and is thrown when all are done', async () => {
    let isOtherDone = false
    const other = async (until: AbortSignal) => {
      await new Promise((resolve) => until.addEventListener('abort', resolve))
      await new Promise((resolve) => setImmediate(resolve))
      isOtherDone = true
      throw new Error('second')
    }
    const failing = async () => {
      throw new Error('first')
    }
    await assert.rejects(runTogether([other, failing], { signal }), /first/)
    assert(isOtherDone)
  })
})
