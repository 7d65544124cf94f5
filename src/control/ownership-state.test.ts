import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { FlowOwner } from '../mirror/flow-member.ts'
import { initialOwnershipState, transitionOwnership } from './ownership-state.ts'
import type { OwnershipEvent, OwnershipState } from './ownership-state.ts'

const self: FlowOwner = { memberId: 'me', host: 'here', pid: 1, generation: 3, sinceMs: 5 }
const other: FlowOwner = { memberId: 'other', host: 'there', pid: 2, generation: 2, sinceMs: 4 }

type StateName = OwnershipState['name']
type Event = Exclude<OwnershipEvent['name'], 'assigned'> | 'assigned-self' | 'assigned-other' | 'assigned-nobody'

const states: Record<StateName, OwnershipState> = {
  joining: { name: 'joining', cause: null },
  refused: { name: 'refused', cause: 'x' },
  standby: { name: 'standby', owner: other },
  owner: { name: 'owner', owner: self },
  left: { name: 'left' },
}

const events: Record<Event, OwnershipEvent> = {
  alone: { name: 'alone', self },
  'assigned-self': { name: 'assigned', owner: self, isSelf: true },
  'assigned-other': { name: 'assigned', owner: other, isSelf: false },
  'assigned-nobody': { name: 'assigned', owner: null, isSelf: false },
  refused: { name: 'refused', cause: 'y' },
  expelled: { name: 'expelled', cause: 'y' },
  lapsed: { name: 'lapsed', cause: 'y' },
  left: { name: 'left' },
}

/** Next state and effects; `same` means that the event changes nothing. */
const outcomes: Record<StateName, Record<Event, string>> = {
  joining: {
    alone: 'owner: begin',
    'assigned-self': 'owner: begin',
    'assigned-other': 'standby',
    'assigned-nobody': 'standby',
    refused: 'refused',
    expelled: 'joining: forget-member',
    lapsed: 'same',
    left: 'left',
  },
  refused: {
    alone: 'owner: begin',
    'assigned-self': 'owner: begin',
    'assigned-other': 'standby',
    'assigned-nobody': 'standby',
    refused: 'refused',
    expelled: 'joining: forget-member',
    lapsed: 'same',
    left: 'left',
  },
  standby: {
    alone: 'owner: begin',
    'assigned-self': 'owner: begin',
    'assigned-other': 'same',
    'assigned-nobody': 'standby',
    refused: 'refused',
    expelled: 'joining: forget-member',
    lapsed: 'same',
    left: 'left',
  },
  owner: {
    alone: 'same',
    'assigned-self': 'same',
    'assigned-other': 'standby: cease',
    'assigned-nobody': 'standby: cease',
    refused: 'refused: cease',
    expelled: 'joining: cease, forget-member',
    lapsed: 'joining: cease, forget-member',
    left: 'left: cease',
  },
  left: {
    alone: 'same',
    'assigned-self': 'same',
    'assigned-other': 'same',
    'assigned-nobody': 'same',
    refused: 'same',
    expelled: 'same',
    lapsed: 'same',
    left: 'same',
  },
}

describe('ownership: every state and every event', () => {
  for (const [stateName, row] of Object.entries(outcomes)) {
    for (const [eventName, outcome] of Object.entries(row)) {
      test(`${stateName}, ${eventName}: ${outcome}`, () => {
        const before = states[stateName as StateName]
        const { state, effects } = transitionOwnership(before, events[eventName as Event])
        if (outcome === 'same') {
          assert.deepEqual([state, effects], [before, []])
          return
        }
        const [name, wanted = ''] = outcome.split(': ')
        assert.deepEqual([state.name, effects.join(', ')], [name, wanted])
      })
    }
  }
})

test('the cause of a step out of ownership is kept, for people', () => {
  for (const event of [events.expelled, events.lapsed, events.refused]) {
    const { state } = transitionOwnership(states.owner, event)
    assert.equal('cause' in state ? state.cause : null, 'y')
  }
})

test('begin and cease take turns, begin first, and only an owner may copy, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...Object.values(events))), (all) => {
      let state = initialOwnershipState
      let mayCopy = false
      for (const event of all) {
        const next = transitionOwnership(state, event)
        state = next.state
        for (const effect of next.effects) {
          if (effect === 'begin') assert.equal(mayCopy, false)
          if (effect === 'cease') assert.equal(mayCopy, true)
          if (effect !== 'forget-member') mayCopy = effect === 'begin'
        }
        assert.equal(mayCopy, state.name === 'owner')
      }
    }),
  )
})
