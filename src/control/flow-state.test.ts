import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { initialFlowState, loudFailuresCount, transitionFlow } from './flow-state.ts'
import type { FlowEvent, FlowState } from './flow-state.ts'

type StateName = FlowState['name']
type EventName = FlowEvent['name'] | 'failed-operational' | 'failed-configuration' | 'failed-defect'
type Event = Exclude<EventName, 'failed'>

const states: Record<StateName, FlowState> = {
  waiting: { name: 'waiting', failures: 2, hasCopied: false },
  starting: { name: 'starting', failures: 2, hasCopied: false },
  standby: { name: 'standby', failures: 2, hasCopied: false, cause: 'other' },
  copying: { name: 'copying' },
  draining: { name: 'draining' },
  retrying: { name: 'retrying', failures: 2, hasCopied: false, cause: 'x' },
  ended: { name: 'ended', kind: 'defect', cause: 'x' },
  stopped: { name: 'stopped' },
}

const events: Record<Event, FlowEvent> = {
  'clusters-reachable': { name: 'clusters-reachable' },
  'standing-by': { name: 'standing-by', cause: 'y' },
  owned: { name: 'owned' },
  started: { name: 'started' },
  'failed-operational': { name: 'failed', kind: 'operational', cause: 'x' },
  'failed-configuration': { name: 'failed', kind: 'configuration', cause: 'x' },
  'failed-defect': { name: 'failed', kind: 'defect', cause: 'x' },
  'retry-due': { name: 'retry-due' },
  'stop-asked': { name: 'stop-asked' },
  drained: { name: 'drained' },
}

/** Next state and effects; `same` means that the event changes nothing. */
const outcomes: Record<StateName, Record<Event, string>> = {
  waiting: {
    'clusters-reachable': 'starting',
    'standing-by': 'same',
    owned: 'same',
    started: 'same',
    'failed-operational': 'retrying: report, back-off',
    'failed-configuration': 'ended: report, finish',
    'failed-defect': 'ended: report, finish',
    'retry-due': 'same',
    'stop-asked': 'stopped: finish',
    drained: 'same',
  },
  starting: {
    'clusters-reachable': 'same',
    'standing-by': 'standby',
    owned: 'same',
    started: 'copying',
    'failed-operational': 'retrying: report, back-off',
    'failed-configuration': 'ended: report, finish',
    'failed-defect': 'ended: report, finish',
    'retry-due': 'same',
    'stop-asked': 'draining',
    drained: 'same',
  },
  standby: {
    'clusters-reachable': 'same',
    'standing-by': 'standby',
    owned: 'starting',
    started: 'same',
    'failed-operational': 'retrying: report, back-off',
    'failed-configuration': 'ended: report, finish',
    'failed-defect': 'ended: report, finish',
    'retry-due': 'same',
    'stop-asked': 'draining',
    drained: 'same',
  },
  copying: {
    'clusters-reachable': 'same',
    'standing-by': 'standby',
    owned: 'same',
    started: 'same',
    'failed-operational': 'retrying: report, back-off',
    'failed-configuration': 'retrying: report, back-off',
    'failed-defect': 'ended: report, finish',
    'retry-due': 'same',
    'stop-asked': 'draining',
    drained: 'same',
  },
  draining: {
    'clusters-reachable': 'same',
    'standing-by': 'same',
    owned: 'same',
    started: 'same',
    'failed-operational': 'stopped: report, finish',
    'failed-configuration': 'stopped: report, finish',
    'failed-defect': 'stopped: report, finish',
    'retry-due': 'same',
    'stop-asked': 'same',
    drained: 'stopped: finish',
  },
  retrying: {
    'clusters-reachable': 'same',
    'standing-by': 'same',
    owned: 'same',
    started: 'same',
    'failed-operational': 'same',
    'failed-configuration': 'same',
    'failed-defect': 'same',
    'retry-due': 'waiting: run',
    'stop-asked': 'stopped: finish',
    drained: 'same',
  },
  ended: {
    'clusters-reachable': 'same',
    'standing-by': 'same',
    owned: 'same',
    started: 'same',
    'failed-operational': 'same',
    'failed-configuration': 'same',
    'failed-defect': 'same',
    'retry-due': 'same',
    'stop-asked': 'same',
    drained: 'same',
  },
  stopped: {
    'clusters-reachable': 'same',
    'standing-by': 'same',
    owned: 'same',
    started: 'same',
    'failed-operational': 'same',
    'failed-configuration': 'same',
    'failed-defect': 'same',
    'retry-due': 'same',
    'stop-asked': 'same',
    drained: 'same',
  },
}

function keysOf<Key extends string>(record: Record<Key, unknown>): Key[] {
  return Object.keys(record) as Key[]
}

describe('flow state', () => {
  for (const stateName of keysOf(states)) {
    for (const eventName of keysOf(events)) {
      const outcome = outcomes[stateName][eventName]
      test(`${stateName} on ${eventName}: ${outcome}`, () => {
        const { state, effects } = transitionFlow(states[stateName], events[eventName])
        if (outcome === 'same') {
          assert.deepEqual({ state, effects }, { state: states[stateName], effects: [] })
        } else {
          const told = effects.map(({ name }) => name).join(', ')
          assert.equal(told === '' ? state.name : `${state.name}: ${told}`, outcome)
        }
      })
    }
  }

  test('failures in a row become loud, and copying in between begins a new count', () => {
    let state = initialFlowState
    const loudness: boolean[] = []
    for (let i = 0; i < loudFailuresCount; i++) {
      const failed = transitionFlow(state, events['failed-operational'])
      loudness.push(failed.effects.some((effect) => effect.name === 'report' && effect.isLoud))
      state = transitionFlow(failed.state, events['retry-due']).state
    }
    assert.deepEqual(loudness, [...Array<boolean>(loudFailuresCount - 1).fill(false), true])
    const afterCopying = transitionFlow(states.copying, events['failed-operational']).state
    assert.equal(afterCopying.name === 'retrying' && afterCopying.failures, 1)
  })

  test('a failure of the configuration ends a flow that never copied, and is outlived by one that did', () => {
    const failure = events['failed-configuration']
    assert.equal(transitionFlow(initialFlowState, failure).state.name, 'ended')
    const failed = transitionFlow(states.copying, failure)
    assert.deepEqual(failed.effects, [{ name: 'report', isLoud: true }, { name: 'back-off' }])
    const again = transitionFlow(transitionFlow(failed.state, events['retry-due']).state, failure).state
    assert.equal(again.name === 'retrying' && again.failures, 2)
  })

  test('stopped and ended are final, and finish is told exactly once, in any order of events', () => {
    const anyEvent = fc.constantFrom(...Object.values(events))
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (order) => {
        let state = initialFlowState
        let finished = 0
        for (const event of order) {
          const next = transitionFlow(state, event)
          finished += next.effects.filter(({ name }) => name === 'finish').length
          if (state.name === 'stopped' || state.name === 'ended') assert.equal(next.state, state)
          state = next.state
        }
        assert.equal(finished, state.name === 'stopped' || state.name === 'ended' ? 1 : 0)
      }),
    )
  })
})
