import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import type { EventFields } from '../observe/event.ts'
import { Supervisor } from './supervisor.ts'
import type { SupervisedFlow } from './supervisor.ts'

const impatientClock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  async sleep(ms, { signal }) {
    signal.throwIfAborted()
    await new Promise((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
  },
}

type Run = SupervisedFlow['run']

function supervise(flows: Readonly<Record<string, Run>>, clock = impatientClock) {
  const events: { readonly name: string; readonly fields: EventFields }[] = []
  const supervised = Object.entries(flows).map(([name, run]) => ({ name, run }))
  const supervisor = new Supervisor(supervised, {
    clock,
    random: () => 0.5,
    observe: { event: (name, fields) => events.push({ name, fields }) },
  })
  const namesOf = (flow: string) => events.filter(({ fields }) => fields.flow === flow).map(({ name }) => name)
  return { supervisor, events, namesOf }
}

/** Copies until the signal. */
const copies: Run = async ({ signal, report }) => {
  report({ name: 'clusters-reachable' })
  report({ name: 'started' })
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

const refused = () => errors.CLUSTER_UNREACHABLE({ cluster: 'us', addresses: 'x', reason: 'y' })

describe('supervisor', () => {
  test('a flow that copies is stopped by the signal', async () => {
    const { supervisor, namesOf } = supervise({ a: copies })
    const stop = new AbortController()
    const run = supervisor.run({ signal: stop.signal })
    assert.equal(supervisor.states().get('a')?.name, 'copying')
    stop.abort()
    await run
    assert.equal(supervisor.states().get('a')?.name, 'stopped')
    assert.deepEqual(namesOf('a'), ['FlowDraining', 'FlowStopped'])
  })

  test('an operational failure is tried again, and told louder when it goes on', async () => {
    let runs = 0
    const { supervisor, namesOf } = supervise({
      a: async (options) => {
        runs++
        if (runs < 7) throw refused()
        await copies(options)
      },
    })
    const stop = new AbortController()
    const run = supervisor.run({ signal: stop.signal })
    while (supervisor.states().get('a')?.name !== 'copying') await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(namesOf('a'), [...Array<string>(4).fill('FlowFailed'), 'FlowKeepsFailing', 'FlowKeepsFailing'])
    stop.abort()
    await run
  })

  test('however often a flow failed, it starts again soon enough to copy within 5 s after its clusters are back', async () => {
    const pausesMs: number[] = []
    const stop = new AbortController()
    const clock: Clock = {
      ...impatientClock,
      sleep: (ms, options) => {
        pausesMs.push(ms)
        if (pausesMs.length === 20) stop.abort()
        return impatientClock.sleep(ms, options)
      },
    }
    const { supervisor } = supervise({ a: () => Promise.reject(refused()) }, clock)
    await supervisor.run({ signal: stop.signal })
    assert.ok(Math.max(...pausesMs) >= 2_000 && Math.max(...pausesMs) <= 3_600, pausesMs.join(', '))
  })

  test('a configuration error and a defect end their flows and no other', async () => {
    const { supervisor, namesOf, events } = supervise({
      a: async () => {
        throw errors.CLUSTER_MIRRORS_ITSELF({ flow: 'a', source: 'x', target: 'y', clusterId: 'z' })
      },
      b: async () => {
        throw new TypeError('x is not a function')
      },
      c: copies,
    })
    const stop = new AbortController()
    const run = supervisor.run({ signal: stop.signal })
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    const states = [...supervisor.states().values()]
    assert.deepEqual(
      states.map((state) => (state.name === 'ended' ? state.kind : state.name)),
      ['configuration', 'defect', 'copying'],
    )
    assert.deepEqual([...namesOf('a'), ...namesOf('b'), ...namesOf('c')], ['FlowEnded', 'FlowEnded'])
    const [configuration, defect] = events
    assert(
      configuration !== undefined && !('stack' in configuration.fields),
      'a mistake of the user has no stack trace',
    )
    assert(defect !== undefined && String(defect.fields.stack).includes('TypeError'), 'one of ours has')
    stop.abort()
    await run
  })

  test('comes to an end by itself when all flows have ended', async () => {
    const end: Run = () =>
      Promise.reject(errors.CLUSTER_MIRRORS_ITSELF({ flow: 'a', source: 'x', target: 'y', clusterId: 'z' }))
    const { supervisor } = supervise({ a: end, b: end })
    await supervisor.run({ signal: new AbortController().signal })
  })

  test('a stop during the back-off ends it at once', async () => {
    const { supervisor } = supervise({ a: () => Promise.reject(refused()) })
    const stop = new AbortController()
    const run = supervisor.run({ signal: stop.signal })
    await new Promise((resolve) => setImmediate(resolve))
    stop.abort()
    await run
    assert.equal(supervisor.states().get('a')?.name, 'stopped')
  })

  test('what fails while draining is told and not tried again', async () => {
    const { supervisor, namesOf } = supervise({
      a: async (options) => {
        await copies(options)
        throw refused()
      },
    })
    const stop = new AbortController()
    const run = supervisor.run({ signal: stop.signal })
    stop.abort()
    await run
    assert.deepEqual(namesOf('a'), ['FlowDraining', 'FlowStopFailed'])
    assert.equal(supervisor.states().get('a')?.name, 'stopped')
  })

  test('a flow whose start is interrupted by the stop has stopped well', async () => {
    const { supervisor, namesOf } = supervise({
      a: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    })
    const stop = new AbortController()
    const run = supervisor.run({ signal: stop.signal })
    stop.abort()
    await run
    assert.deepEqual(namesOf('a'), ['FlowStopped'])
  })
})
