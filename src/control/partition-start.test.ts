import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LedgerEntry } from '../mirror/ledger-entry.ts'
import { decidePartitionStart } from './partition-start.ts'
import type { PartitionStart } from './partition-start.ts'

const ledger: LedgerEntry = {
  producerId: 7n,
  producerEpoch: 0,
  firstSequence: 0,
  sourceTopicId: 's1',
  targetTopicId: 't1',
  sourceLeaderEpoch: 0,
  runs: [
    { upstream: 0, sequence: 0, downstream: 0 },
    { upstream: 40, sequence: 30, downstream: 30 },
  ],
}

const nothing: PartitionStart = {
  storedPosition: null,
  ledger: null,
  isAdded: false,
  lostFromOffset: null,
  isRemoteTopicRecreated: false,
}
const same = { source: 's1', target: 't1' }

describe('start of a partition', () => {
  test('a new flow leaves the choice to auto.offset.reset', () => {
    assert.deepEqual(decidePartitionStart({ ledger: null, lastCopiedOffset: null }, same, false), nothing)
  })

  test('a partition that is new to a flow is copied from its start', () => {
    const start = decidePartitionStart({ ledger: null, lastCopiedOffset: null }, same, true)
    assert.deepEqual(start, { ...nothing, isAdded: true })
  })

  test('a position that MirrorMaker 2 left goes on at the next offset', () => {
    const start = decidePartitionStart({ ledger: null, lastCopiedOffset: 41 }, same, true)
    assert.deepEqual(start, { ...nothing, storedPosition: 42 })
  })

  test('a ledger of both topics as they are is handed on', () => {
    const start = decidePartitionStart({ ledger, lastCopiedOffset: 41 }, same, true)
    assert.deepEqual(start, { ...nothing, storedPosition: 42, ledger })
  })

  test('topic ids that are not known prove nothing', () => {
    const start = decidePartitionStart({ ledger, lastCopiedOffset: null }, { source: null, target: null }, false)
    assert.deepEqual(start, { ...nothing, ledger })
  })

  test('another source topic is copied from its start, and what was not copied of the old one is lost', () => {
    const ids = { source: 's2', target: 't1' }
    const lost = { ...nothing, isAdded: true }
    assert.deepEqual(decidePartitionStart({ ledger, lastCopiedOffset: 41 }, ids, false), {
      ...lost,
      lostFromOffset: 42,
    })
    assert.deepEqual(decidePartitionStart({ ledger, lastCopiedOffset: 12 }, ids, false), {
      ...lost,
      lostFromOffset: 40,
    })
    assert.deepEqual(decidePartitionStart({ ledger, lastCopiedOffset: null }, ids, false), {
      ...lost,
      lostFromOffset: 40,
    })
  })

  test('another remote topic goes on where the stored position says, or the start of the last run', () => {
    const ids = { source: 's1', target: 't2' }
    const anew = { ...nothing, isRemoteTopicRecreated: true }
    assert.deepEqual(decidePartitionStart({ ledger, lastCopiedOffset: 41 }, ids, false), {
      ...anew,
      storedPosition: 42,
    })
    assert.deepEqual(decidePartitionStart({ ledger, lastCopiedOffset: null }, ids, false), {
      ...anew,
      storedPosition: 40,
    })
  })
})
