import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { transitionTransaction } from './transaction-cycle.ts'
import type { TransactionCycleEffect, TransactionCycleEvent, TransactionCycleState } from './transaction-cycle.ts'

type Outcome = readonly [TransactionCycleState, TransactionCycleEffect] | null

/** Null: the event means nothing there. */
const table: Record<TransactionCycleState, Record<TransactionCycleEvent, Outcome>> = {
  idle: {
    begun: ['open', 'add partitions'],
    due: null,
    flushed: null,
    failed: null,
    landed: null,
    ended: null,
    renewed: null,
    fenced: ['fenced', 'give up'],
  },
  open: {
    begun: null,
    due: ['flushing', 'flush'],
    flushed: null,
    failed: ['failing', 'rewind'],
    landed: null,
    ended: null,
    renewed: null,
    fenced: ['fenced', 'give up'],
  },
  flushing: {
    begun: null,
    due: null,
    flushed: ['committing', 'commit'],
    failed: ['failing', 'rewind'],
    landed: null,
    ended: null,
    renewed: null,
    fenced: ['fenced', 'give up'],
  },
  committing: {
    begun: null,
    due: null,
    flushed: null,
    failed: null,
    landed: null,
    ended: ['idle', 'resume'],
    renewed: null,
    fenced: ['fenced', 'give up'],
  },
  failing: {
    begun: null,
    due: null,
    flushed: null,
    failed: null,
    landed: ['aborting', 'abort'],
    ended: null,
    renewed: null,
    fenced: ['fenced', 'give up'],
  },
  aborting: {
    begun: null,
    due: null,
    flushed: null,
    failed: null,
    landed: null,
    ended: ['renewing', 'renew'],
    renewed: null,
    fenced: ['fenced', 'give up'],
  },
  renewing: {
    begun: null,
    due: null,
    flushed: null,
    failed: null,
    landed: null,
    ended: null,
    renewed: ['idle', 'resume'],
    fenced: ['fenced', 'give up'],
  },
  fenced: {
    begun: null,
    due: null,
    flushed: null,
    failed: null,
    landed: null,
    ended: null,
    renewed: null,
    fenced: null,
  },
}
const states = Object.keys(table) as TransactionCycleState[]
const events = Object.keys(table.idle) as TransactionCycleEvent[]

test('the table of states and events is the whole cycle', () => {
  for (const state of states) {
    for (const event of events) {
      const [nextState, effect] = table[state][event] ?? [state, 'none']
      assert.deepEqual(transitionTransaction(state, event), { state: nextState, effect }, `${state}, ${event}`)
    }
  }
})

function effectsOf(order: readonly TransactionCycleEvent[]): {
  readonly steps: { event: TransactionCycleEvent; effect: TransactionCycleEffect }[]
  readonly state: TransactionCycleState
} {
  let state: TransactionCycleState = 'idle'
  const steps = order.map((event) => {
    const { state: next, effect } = transitionTransaction(state, event)
    state = next
    return { event, effect }
  })
  return { steps, state }
}

const orders = fc.array(fc.constantFrom(...events.filter((event) => event !== 'fenced')), { maxLength: 60 })

test('60: a commit follows a flush that was acknowledged', () => {
  fc.assert(
    fc.property(orders, (order) => {
      let isFlushAsked = false
      for (const { event, effect } of effectsOf(order).steps) {
        if (effect === 'flush') isFlushAsked = true
        if (effect === 'commit') assert.ok(isFlushAsked && event === 'flushed')
        if (effect === 'resume') isFlushAsked = false
      }
    }),
  )
})

test('61: what may be committed is never aborted', () => {
  fc.assert(
    fc.property(orders, (order) => {
      let isCommitAsked = false
      for (const { effect } of effectsOf(order).steps) {
        if (effect === 'commit') isCommitAsked = true
        if (effect === 'abort' || effect === 'rewind') assert.ok(!isCommitAsked)
        if (effect === 'resume') isCommitAsked = false
      }
    }),
  )
})

test('62: after an abort the epoch is raised before anything is written', () => {
  fc.assert(
    fc.property(orders, (order) => {
      let mustRenew = false
      for (const { effect } of effectsOf(order).steps) {
        if (effect === 'abort') mustRenew = true
        if (effect === 'renew') mustRenew = false
        if (effect === 'add partitions') assert.ok(!mustRenew)
      }
    }),
  )
})

test('63: a transaction ends, in one way, before the next begins', () => {
  fc.assert(
    fc.property(orders, (order) => {
      let open = 0
      for (const { effect } of effectsOf(order).steps) {
        if (effect === 'add partitions') open++
        if (effect === 'commit' || effect === 'abort') open--
        assert.ok(open === 0 || open === 1)
      }
    }),
  )
})

test('64: nothing leads out of being fenced', () => {
  fc.assert(
    fc.property(orders, orders, (before, after) => {
      const { steps, state } = effectsOf([...before, 'fenced', ...after])
      assert.equal(state, 'fenced')
      assert.deepEqual(
        steps.slice(before.length + 1).filter(({ effect }) => effect !== 'none'),
        [],
      )
    }),
  )
})
