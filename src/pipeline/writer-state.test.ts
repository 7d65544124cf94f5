import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { transition } from './writer-state.ts'
import type { WriterEffect, WriterEvent, WriterState } from './writer-state.ts'

type StateName = WriterState['name']
type EventName = WriterEvent['name']
type Outcome = readonly [StateName, WriterEffect]

const states: Record<StateName, WriterState> = {
  locating: { name: 'locating' },
  probing: { name: 'probing' },
  flowing: { name: 'flowing' },
  recovering: { name: 'recovering', reason: 'lost' },
  stopped: { name: 'stopped', reason: 'too large' },
}
const events: Record<EventName, WriterEvent> = {
  located: { name: 'located' },
  acknowledged: { name: 'acknowledged' },
  failed: { name: 'failed', reason: 'lost' },
  drained: { name: 'drained' },
  refused: { name: 'refused', reason: 'too large' },
  retried: { name: 'retried' },
}

const same = (name: StateName): Outcome => [name, 'none']
const refused: Outcome = ['stopped', 'discard queue']
const failed: Outcome = ['recovering', 'discard queue']

/** The specification: every state with every event. */
const table: Record<StateName, Record<EventName, Outcome>> = {
  locating: {
    located: ['probing', 'none'],
    acknowledged: same('locating'),
    failed,
    drained: same('locating'),
    refused,
    retried: same('locating'),
  },
  probing: {
    located: same('probing'),
    acknowledged: ['flowing', 'none'],
    failed,
    drained: same('probing'),
    refused,
    retried: same('probing'),
  },
  flowing: {
    located: same('flowing'),
    acknowledged: same('flowing'),
    failed,
    drained: same('flowing'),
    refused,
    retried: same('flowing'),
  },
  recovering: {
    located: same('recovering'),
    acknowledged: same('recovering'),
    failed: same('recovering'),
    drained: ['locating', 'locate'],
    refused,
    retried: same('recovering'),
  },
  stopped: {
    located: same('stopped'),
    acknowledged: same('stopped'),
    failed: same('stopped'),
    drained: same('stopped'),
    refused,
    retried: ['recovering', 'none'],
  },
}

for (const [stateName, row] of Object.entries(table)) {
  for (const [eventName, [next, effect]] of Object.entries(row)) {
    test(`a partition that is ${stateName}, when ${eventName}, is ${next} with effect '${effect}'`, () => {
      const result = transition(states[stateName as StateName], events[eventName as EventName])
      assert.deepEqual([result.state.name, result.effect], [next, effect])
    })
  }
}

test('in any order of events nothing flows again after a failure without asking the target', () => {
  const anyEvent = fc.constantFrom(...Object.values(events))
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 40 }), (order) => {
      let state: WriterState = { name: 'locating' }
      let mustAsk = true
      for (const event of order) {
        const result = transition(state, event)
        if (result.effect === 'discard queue') mustAsk = true
        if (event.name === 'located' && state.name === 'locating') mustAsk = false
        state = result.state
        if (mustAsk) assert.ok(state.name !== 'flowing' && state.name !== 'probing', `${state.name} without asking`)
      }
    }),
  )
})
