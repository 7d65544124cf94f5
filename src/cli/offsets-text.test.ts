import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupReports } from '../control/group-report.ts'
import { groupsReading } from '../../test/support/groups-reading.ts'
import { groupLines } from './groups-text.ts'
import { offsetLines } from './offsets-text.ts'

const place = { flow: 'eu->us', topic: 'orders', partition: 0, targetTopic: 'eu.orders' } as const

test('translated offsets in columns, with the reason where one is not exact, and notes below', () => {
  const offsets = [
    { ...place, upstreamOffset: 31, downstreamOffset: 27, accuracy: 'exact', reason: null },
    {
      ...place,
      partition: 12,
      upstreamOffset: 4,
      downstreamOffset: null,
      accuracy: 'unknown',
      reason: 'it is too old',
    },
  ] as const
  assert.deepEqual(offsetLines(offsets, ['eu->us: group g as its last checkpoints saw it']), [
    'flow    topic   partition  upstream  downstream  accuracy',
    'eu->us  orders          0        31          27  exact',
    'eu->us  orders         12         4           -  unknown   it is too old',
    'eu->us: group g as its last checkpoints saw it',
  ])
  assert.deepEqual(offsetLines([], []), ['nothing is known of it'])
})

test('groups with each partition, its offsets, its state and the reason', () => {
  const lines = groupLines([{ flow: 'a->b', groups: groupReports(groupsReading(), true) }])
  assert.deepEqual(lines, [
    'a->b: 2 groups',
    '  g: unmapped',
    '    t 0  5 -> 4  synced since 1970-01-01T00:00:00.000Z',
    '    t 1  5 -> ?  unmapped since 1970-01-01T00:00:00.000Z: it is too old',
    '  shared (share group): not mirrored, share groups have no offsets that could be translated',
  ])
  assert.match(groupLines([])[0] ?? '', /no flow of this process looks at groups/)
})
