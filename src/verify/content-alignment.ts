import { BatchCursor } from './batch-cursor.ts'
import type { OpenSupply } from './record-supply.ts'
import { RecordWindow } from './record-window.ts'
import { findResync } from './resync.ts'
import { SideCursor } from './side-cursor.ts'
import type { Stretch } from './stretch.ts'

/** So many records of one side are looked for on the other one, and so many of that one are looked through. */
const SOUGHT_COUNT = 256
const SEARCHED_COUNT = 131_072
const SEARCHED_BYTES_MAX = 256 * 1024 * 1024

export interface AlignmentQuestion {
  readonly open: { readonly source: OpenSupply; readonly target: OpenSupply }
  readonly stretch: Stretch
  readonly hasTimestamps: boolean
  /** First offset of a side whose record has a timestamp or a later one: where it makes sense to begin; -1: not known. */
  hint(side: 'source' | 'target', timestamp: bigint): Promise<number>
}

/**
 * Finds by the records themselves where both sides of a stretch begin to hold the same ones: the first records of one side are looked for on the other.
 * What one side has before that place has no counterpart.
 * @returns the stretch from there on; null when it is not found
 */
export async function alignByContent(question: AlignmentQuestion): Promise<Stretch | null> {
  const { stretch } = question
  const source = await look(question, 'source', stretch.upstreamFrom, SOUGHT_COUNT)
  const target = await look(question, 'target', stretch.downstreamFrom, SOUGHT_COUNT)
  if (source.window.length === 0 || target.window.length === 0) return stretch
  const targetFrom = await hinted(question, 'target', source.timestamp, stretch.downstreamFrom)
  const searchedTarget = await look(question, 'target', targetFrom, SEARCHED_COUNT)
  const found = findResync(source.window, searchedTarget.window, { hasCommonEnd: true })
  if (found !== null && found.sourceCount < source.window.length)
    return begin(stretch, source.window, found.sourceCount, searchedTarget.window, found.targetCount)
  const sourceFrom = await hinted(question, 'source', target.timestamp, stretch.upstreamFrom)
  const searchedSource = await look(question, 'source', sourceFrom, SEARCHED_COUNT)
  const other = findResync(searchedSource.window, target.window, { hasCommonEnd: true })
  if (other === null || other.targetCount === target.window.length) return null
  return begin(stretch, searchedSource.window, other.sourceCount, target.window, other.targetCount)
}

/** As far to the front as both sides go: what differs there is found by the comparison. */
function begin(
  stretch: Stretch,
  source: RecordWindow,
  sourceIndex: number,
  target: RecordWindow,
  targetIndex: number,
): Stretch {
  const back = Math.min(sourceIndex, targetIndex)
  return {
    ...stretch,
    upstreamFrom: source.offset(sourceIndex - back),
    downstreamFrom: target.offset(targetIndex - back),
  }
}

async function hinted(
  question: AlignmentQuestion,
  side: 'source' | 'target',
  timestamp: bigint,
  from: number,
): Promise<number> {
  if (!question.hasTimestamps || timestamp < 0n) return from
  return Math.max(from, await question.hint(side, timestamp))
}

async function look(
  { open, stretch, hasTimestamps }: AlignmentQuestion,
  side: 'source' | 'target',
  from: number,
  count: number,
): Promise<{ readonly window: RecordWindow; readonly timestamp: bigint }> {
  const to = side === 'source' ? stretch.upstreamTo : stretch.downstreamTo
  const range = { from, to, isChecked: false }
  const window = new RecordWindow()
  let timestamp = -1n
  await using cursor = new SideCursor(new BatchCursor(open[side](from, to), range), range)
  while (window.length < count && cursor.batches.passedBytes < SEARCHED_BYTES_MAX && (await cursor.load())) {
    while (window.length < count && cursor.findRecord()) {
      if (window.length === 0) ({ timestamp } = cursor.walk)
      window.push(cursor.walk, hasTimestamps)
      cursor.passRecord()
    }
  }
  window.isAtEnd = window.length < count
  return { window, timestamp }
}
