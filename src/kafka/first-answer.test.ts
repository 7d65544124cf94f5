import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import { firstAnswer } from './first-answer.ts'

/** A second is over when the test says so. */
function setUp(count: number) {
  const asked: PromiseWithResolvers<string>[] = []
  const sleeping: PromiseWithResolvers<void>[] = []
  const abort = new AbortController()
  const clock: Clock = {
    ...systemClock,
    sleep: (_, { signal }) => {
      const slept = Promise.withResolvers<void>()
      sleeping.push(slept)
      signal.addEventListener('abort', () => slept.reject(signal.reason))
      return slept.promise
    },
  }
  const ask = (index: number): Promise<string> | null => {
    if (index >= count) return null
    const one = Promise.withResolvers<string>()
    abort.signal.addEventListener('abort', () => one.reject(abort.signal.reason))
    asked.push(one)
    return one.promise
  }
  const answer = firstAnswer(ask, { clock, signal: abort.signal })
  answer.catch(() => undefined)
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const secondIsOver = (): Promise<void> => {
    sleeping.at(-1)?.resolve()
    return settled()
  }
  return { asked, answer, abort, settled, secondIsOver }
}

const lost = (name: string): Error =>
  errors.CONNECTION_LOST({ cluster: 'eu', broker: name, reason: 'reset', api: 'x', flushed: true, elapsedMs: 1 })

test('who answers within a second is the only one to be asked', async () => {
  const { asked, answer } = setUp(3)
  asked[0]?.resolve('one')
  assert.equal(await answer, 'one')
  assert.equal(asked.length, 1)
})

test('beside who is silent the next one is asked, and whoever answers first counts', async () => {
  const { asked, answer, secondIsOver } = setUp(3)
  await secondIsOver()
  await secondIsOver()
  assert.equal(asked.length, 3)
  await secondIsOver()
  assert.equal(asked.length, 3)
  asked[1]?.resolve('two')
  assert.equal(await answer, 'two')
  asked[0]?.reject(lost('one'))
})

test('after a failure the next one is asked at once, and what the others were asked for still counts', async () => {
  const { asked, answer, settled, secondIsOver } = setUp(3)
  await secondIsOver()
  asked[1]?.reject(lost('two'))
  await settled()
  assert.equal(asked.length, 3)
  asked[2]?.reject(lost('three'))
  await settled()
  asked[0]?.resolve('one, late')
  assert.equal(await answer, 'one, late')
})

test('when all have failed the first failure is told, or what the user has to mend', async () => {
  const operational = setUp(2)
  operational.asked[0]?.reject(lost('one'))
  await operational.settled()
  operational.asked[1]?.reject(lost('two'))
  await assert.rejects(operational.answer, /one/)

  const wrong = setUp(2)
  wrong.asked[0]?.reject(lost('one'))
  await wrong.settled()
  wrong.asked[1]?.reject(
    errors.TLS_NOT_SPOKEN({ cluster: 'eu', broker: 'two', address: 'two:1', reason: 'x', plain: 'PLAINTEXT' }),
  )
  await assert.rejects(wrong.answer, { code: 'TLS_NOT_SPOKEN' })
})

test('an abort ends it, and nobody else is asked', async () => {
  const { asked, answer, abort, settled } = setUp(3)
  abort.abort(new Error('enough'))
  await assert.rejects(answer, /enough/)
  await settled()
  assert.equal(asked.length, 1)
})
