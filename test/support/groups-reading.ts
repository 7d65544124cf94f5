import { GroupBook } from '../../src/control/group-book.ts'
import type { GroupsReading } from '../../src/control/groups-reading.ts'
import { WindowedFigure } from '../../src/observe/windowed-figure.ts'

/** A group that is synced in one partition and not mapped in another, and a share group. */
export function groupsReading(): GroupsReading {
  const book = new GroupBook()
  const place = { topic: 't', targetTopic: 'a.t', upstreamOffset: 5, metadata: '' }
  const group = book.noteOffsets(
    { groupId: 'g', type: 'classic' },
    [
      { ...place, partition: 0, translation: { kind: 'exact', offset: 4 } },
      { ...place, partition: 1, translation: { kind: 'unknown', reason: 'it is too old' } },
    ],
    0,
  )
  for (const position of group?.positions.values() ?? []) if (position.state === 'translated') position.state = 'synced'
  const figure = new WindowedFigure()
  figure.note(12, 1, 0, 0)
  const latencies = [{ groupId: 'g', topic: 'a.t', partition: 0, figure }]
  return { groups: [...book.groups.values()], others: new Map([['shared', 'share']]), latencies }
}
