import type { FlowReport, StatusReport, TopicSummary } from '../control/status-report.ts'
import type { Progress } from './catch-up-progress.ts'
import { fullCount, megabytes, shortCount, shortDuration } from './figures-text.ts'
import type { Rates } from './rate-meter.ts'
import type { Style, StyledLine } from './styled-line.ts'
import type { ViewState } from './view-state.ts'
import { tableLines } from './view-table.ts'
import type { Column } from './view-table.ts'

/** What the view is made from. */
export interface ViewContent {
  readonly report: StatusReport
  ratesOfFlow(flow: string): Rates
  ratesOfTopic(flow: string, topic: string): Rates
  /** Null while the flow is not far behind. */
  progressOf(flow: string): Progress | null
  /** Why the figures may be old; null: they are not. */
  readonly trouble: string | null
}

export interface ViewSize {
  readonly columns: number
  /** Lines that the view may have. */
  readonly rows: number
}

/** From here on there is room for more columns. */
const wideColumns = 120
const widestColumns = 200
const helpKeys = [
  's  sort by name, lag, time behind, records/s, MB/s',
  'r  the other way round',
  '/  only flows and topics whose names hold a text; Esc shows all again',
  't  topics on and off',
  '↑ ↓ PgUp PgDn Home End  through the topics',
  '?  this help on and off',
] as const

interface TopicRow extends TopicSummary {
  readonly flow: string
  readonly rates: Rates
}

/**
 * The live view: who copies, how fast, how far behind, and what does not.
 * @param leaving   what the keys q and Ctrl-C do, for the last line
 */
export function viewLines(content: ViewContent, state: ViewState, size: ViewSize, leaving: string): StyledLine[] {
  const columns = Math.min(size.columns, widestColumns)
  const flows = content.report.flows.filter((flow) => isFlowShown(flow, state.filter))
  const top = [headLine(content, columns), ...troubleLines(content), [], ...flowLines(content, flows, columns)]
  if (state.isHelpShown) return fitted([...top, [], ...helpLines(leaving)], [], size.rows)
  const rows = state.areTopicsShown ? topicRows(content, state) : []
  const foot = footLine(state, leaving)
  const room = size.rows - top.length - 4
  if (rows.length === 0 || room < 1) return fitted(top, [[], foot], size.rows)
  const first = Math.max(0, Math.min(state.firstRow, rows.length - room))
  const shown = rows.slice(first, first + room)
  const { head, body } = tableLines(topicColumns(content.report, columns), shown, columns)
  const place = rows.length > shown.length ? `  topics ${first + 1} to ${first + shown.length} of ${rows.length}` : ''
  return fitted([...top, [], head, ...body], [[], [...foot, { text: place, style: 'dim' }]], size.rows)
}

/** The end stays, whatever has to go. */
function fitted(lines: readonly StyledLine[], end: readonly StyledLine[], rows: number): StyledLine[] {
  return [...lines.slice(0, Math.max(0, rows - end.length)), ...end].slice(0, Math.max(1, rows))
}

// --- flows ----------------------------------------------------------------------------------------------------------------

function headLine({ report, ratesOfFlow }: ViewContent, columns: number): StyledLine {
  const { version, host, pid, startedAt, time, flows } = report
  const up = (Date.parse(time) - Date.parse(startedAt)) / 1000
  const left = `twinlog ${version}`
  const middle = `  process ${pid} on ${host}, up ${shortDuration(up)}`
  const rates = flows.map(({ flow }) => ratesOfFlow(flow))
  const records = rates.reduce((sum, { recordsPerSecond }) => sum + recordsPerSecond, 0)
  const bytes = rates.reduce((sum, { bytesPerSecond }) => sum + bytesPerSecond, 0)
  const right = `${fullCount(records)} records/s  ${megabytes(bytes)} MB/s`
  const space = Math.max(2, columns - left.length - middle.length - right.length)
  return [
    { text: left, style: 'bold' },
    { text: middle, style: 'dim' },
    { text: ' '.repeat(space) },
    { text: right, style: 'bold' },
  ]
}

function troubleLines({ trouble }: ViewContent): StyledLine[] {
  return trouble === null ? [] : [[{ text: trouble, style: 'red' }]]
}

const stateStyles: Readonly<Record<FlowReport['state'], Style>> = {
  waiting: 'yellow',
  starting: 'yellow',
  standby: 'dim',
  copying: 'green',
  draining: 'yellow',
  retrying: 'red',
  ended: 'red',
  stopped: 'dim',
}

function flowLines(content: ViewContent, flows: readonly FlowReport[], columns: number): StyledLine[] {
  const { head, body } = tableLines(flowColumns(content, columns), flows, columns)
  return [head, ...flows.flatMap((flow, index) => [body[index] ?? [], ...flowNotes(content, flow, columns)])]
}

function flowColumns({ ratesOfFlow }: ViewContent, columns: number): Column<FlowReport>[] {
  const isWide = columns >= wideColumns
  const count = isWide ? fullCount : shortCount
  const usual: Column<FlowReport>[] = [
    { title: 'FLOW', width: 12, isLeft: true, isFlexible: true, text: ({ flow }) => flow },
    { title: 'STATE', width: 8, isLeft: true, text: ({ state }) => state, style: ({ state }) => stateStyles[state] },
    { title: 'RECORDS/S', width: 9, text: (flow) => ifCopying(flow, count(ratesOfFlow(flow.flow).recordsPerSecond)) },
    { title: 'MB/S', width: 5, text: (flow) => ifCopying(flow, megabytes(ratesOfFlow(flow.flow).bytesPerSecond)) },
    { title: 'LAG', width: 7, text: (flow) => ifCopying(flow, lagText(flow, count)) },
    {
      title: 'BEHIND',
      width: 7,
      text: (flow) => ifCopying(flow, shortDuration(flow.lagSeconds)),
      style: ({ lagSeconds }) => behindStyle(lagSeconds),
    },
    { title: 'OLDEST', width: 7, text: (flow) => ifCopying(flow, shortDuration(flow.oldestAgeSeconds)) },
    {
      title: 'GAPS',
      width: 4,
      text: ({ gapsTotal }) => shortCount(gapsTotal),
      style: ({ gapsTotal }) => (gapsTotal > 0 ? 'yellow' : 'plain'),
    },
  ]
  if (!isWide) return usual
  return [
    ...usual,
    { title: 'TOPICS', width: 6, text: ({ topics }) => fullCount(topics.length) },
    { title: 'PARTITIONS', width: 10, text: ({ partitionsCount }) => fullCount(partitionsCount) },
    { title: 'COPIED', width: 12, text: ({ recordsTotal }) => fullCount(recordsTotal) },
    { title: 'OWNER', width: 12, isLeft: true, text: ownerText },
  ]
}

/** What a flow has not told is not 0. */
function ifCopying({ state, partitionsCount, isHeartbeatsOnly }: FlowReport, text: string): string {
  if (isHeartbeatsOnly) return '–'
  return state === 'copying' || state === 'draining' || partitionsCount > 0 ? text : '–'
}

/** The source has not told all ends for a while: the lag is at least so much. */
function lagText({ lagRecords, endUnknownCount }: FlowReport, count: (value: number) => string): string {
  return endUnknownCount > 0 ? `≥${count(lagRecords)}` : count(lagRecords)
}

function behindStyle(seconds: number | null): Style {
  return seconds === null || seconds < 10 ? 'plain' : 'yellow'
}

function ownerText({ owner }: FlowReport): string {
  if (owner === null) return 'nobody known'
  return owner.isThisProcess ? 'this process' : `process ${owner.pid} on ${owner.host}`
}

/** What there is to say of a flow beyond its figures. */
function flowNotes({ progressOf }: ViewContent, flow: FlowReport, columns: number): StyledLine[] {
  const notes: StyledLine[] = []
  const note = (text: string, style: Style): void => void notes.push([{ text: `  ${text}`, style }])
  const progress = progressOf(flow.flow)
  if (progress !== null) notes.push(progressLine(progress, columns))
  if (flow.reason !== null) note(flow.reason, flow.state === 'standby' ? 'dim' : stateStyles[flow.state])
  else if (flow.state === 'standby' && flow.owner !== null) note(`${ownerText(flow)} copies it`, 'dim')
  else if (flow.isHeartbeatsOnly) note('not enabled: only heartbeats are written', 'dim')
  for (const { duty, reason } of flow.duties) if (reason !== null) note(`${duty}: ${reason}`, 'yellow')
  const waitingCount = flow.recoveringCount + flow.locatingCount
  const [cause] = flow.topics.filter(({ stoppedCount }) => stoppedCount === 0).flatMap(({ reason }) => reason ?? [])
  const because = cause === undefined ? '' : `: ${cause}`
  if (waitingCount > 0)
    note(`${waitingCount} of ${flow.partitionsCount} partitions ask their targets where to go on${because}`, 'yellow')
  for (const { topic, partition, reason } of flow.heldUp.slice(0, 3))
    note(`${topic} partition ${partition} is held up: ${reason}`, 'yellow')
  for (const { topic, partition, reason } of flow.stopped.slice(0, 3))
    note(`${topic} partition ${partition} STOPPED: ${reason}`, 'red')
  if (flow.stoppedCount > 3) note(`and ${flow.stoppedCount - 3} more partitions STOPPED`, 'red')
  return notes
}

function progressLine({ share, secondsLeft }: Progress, columns: number): StyledLine {
  const left = secondsLeft === null ? 'does not come nearer' : `${shortDuration(secondsLeft)} left`
  const text = ` ${(share * 100).toFixed(0).padStart(3)} %, ${left}`
  const width = Math.max(10, Math.min(60, columns - text.length - 16))
  const filled = Math.floor(share * width)
  return [
    { text: '  catching up ' },
    { text: '█'.repeat(filled), style: 'green' },
    { text: '░'.repeat(width - filled), style: 'dim' },
    { text },
  ]
}

// --- topics ---------------------------------------------------------------------------------------------------------------

function isFlowShown({ flow, topics }: FlowReport, filter: string): boolean {
  return holds(flow, filter) || topics.some(({ topic }) => holds(topic, filter))
}

function holds(name: string, filter: string): boolean {
  return name.toLowerCase().includes(filter.toLowerCase())
}

function topicRows({ report, ratesOfTopic }: ViewContent, { filter, sort, isReversed }: ViewState): TopicRow[] {
  const rows = report.flows.flatMap(({ flow, topics }) =>
    topics
      .filter(({ topic }) => holds(topic, filter) || holds(flow, filter))
      .map((topic): TopicRow => ({ ...topic, flow, rates: ratesOfTopic(flow, topic.topic) })),
  )
  const values: Readonly<Record<ViewState['sort'], (row: TopicRow) => number>> = {
    name: () => 0,
    lag: ({ lagRecords }) => -lagRecords,
    behind: ({ lagSeconds }) => -(lagSeconds ?? Infinity),
    'records/s': ({ rates }) => -rates.recordsPerSecond,
    'MB/s': ({ rates }) => -rates.bytesPerSecond,
  }
  const value = values[sort]
  const byName = (a: TopicRow, b: TopicRow): number => a.topic.localeCompare(b.topic) || a.flow.localeCompare(b.flow)
  const sorted = rows.sort((a, b) => compare(value(a), value(b)) || byName(a, b))
  if (isReversed) sorted.reverse()
  // What does not copy is never below the edge.
  return [
    ...sorted.filter(({ stoppedCount }) => stoppedCount > 0),
    ...sorted.filter(({ stoppedCount }) => stoppedCount === 0),
  ]
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function topicColumns({ flows }: StatusReport, columns: number): Column<TopicRow>[] {
  const isWide = columns >= wideColumns
  const count = isWide ? fullCount : shortCount
  const all: Column<TopicRow>[] = [
    { title: 'TOPIC', width: 12, isLeft: true, isFlexible: true, text: ({ topic }) => topic },
    {
      title: 'PARTS',
      width: 5,
      text: partitionsText,
      style: ({ stoppedCount, recoveringCount }) =>
        stoppedCount > 0 ? 'red' : recoveringCount > 0 ? 'yellow' : 'plain',
    },
    { title: 'RECORDS/S', width: 9, text: ({ rates }) => count(rates.recordsPerSecond) },
    { title: 'MB/S', width: 5, text: ({ rates }) => megabytes(rates.bytesPerSecond) },
    { title: 'LAG', width: 7, text: ({ lagRecords }) => count(lagRecords) },
    {
      title: 'BEHIND',
      width: 7,
      text: ({ lagSeconds }) => shortDuration(lagSeconds),
      style: ({ lagSeconds }) => behindStyle(lagSeconds),
    },
    { title: 'OLDEST', width: 7, text: ({ oldestAgeSeconds }) => shortDuration(oldestAgeSeconds) },
  ]
  if (flows.length > 1) all.splice(1, 0, { title: 'FLOW', width: 6, isLeft: true, text: ({ flow }) => flow })
  if (!isWide) return all
  return [
    ...all,
    { title: 'COPIED', width: 12, text: ({ recordsTotal }) => fullCount(recordsTotal) },
    { title: 'TO', width: 12, isLeft: true, text: ({ targetTopic }) => targetTopic },
    { title: 'REASON', width: 0, isLeft: true, text: ({ reason }) => reason ?? '', style: () => 'red' },
  ]
}

/** 8, or 7/8 when one of eight has stopped. */
function partitionsText({ partitionsCount, stoppedCount, recoveringCount }: TopicRow): string {
  const goodCount = partitionsCount - stoppedCount - recoveringCount
  return goodCount === partitionsCount ? String(partitionsCount) : `${goodCount}/${partitionsCount}`
}

// --- keys -----------------------------------------------------------------------------------------------------------------

function footLine({ sort, isReversed, filter, isTyping }: ViewState, leaving: string): StyledLine {
  if (isTyping)
    return [
      { text: `/${filter}▏`, style: 'inverse' },
      { text: '  Enter keeps it, Esc shows all', style: 'dim' },
    ]
  const filtered = filter === '' ? '/ filter' : `/ filter: ${filter}`
  return [{ text: `s sort: ${sort}${isReversed ? ' (reversed)' : ''}  ${filtered}  ? help  ${leaving}`, style: 'dim' }]
}

function helpLines(leaving: string): StyledLine[] {
  return [...helpKeys, leaving].map((text) => [{ text: `  ${text}` }])
}
