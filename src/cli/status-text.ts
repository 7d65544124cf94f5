import type { FlowSummary } from '../control/flow-summary.ts'
import type { Rates } from './rate-meter.ts'

const shortNames: Readonly<Record<FlowSummary['state'], string>> = {
  waiting: 'waiting for its clusters',
  starting: 'starting',
  standby: 'standby',
  copying: 'copying',
  draining: 'stopping',
  retrying: 'failed, trying again',
  ended: 'ended',
  stopped: 'stopped',
}

/** One line for people: who copies, how fast, how far behind, and what does not. */
export function statusText(flows: readonly FlowSummary[], { recordsPerSecond, bytesPerSecond }: Rates): string {
  const parts = [
    flowsText(flows),
    partitionsText(flows),
    `${count(recordsPerSecond)} records/s`,
    `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`,
    `lag ${count(sum(flows, 'lagRecords'))}`,
    `copied ${count(sum(flows, 'recordsTotal'))}`,
  ]
  const gaps = sum(flows, 'gapsTotal')
  if (gaps > 0) parts.push(`${count(gaps)} gaps`)
  return parts.join(' | ')
}

function flowsText(flows: readonly FlowSummary[]): string {
  const copying = flows.filter(({ state, isHeartbeatsOnly }) => state === 'copying' && !isHeartbeatsOnly)
  const others = flows.filter((flow) => !copying.includes(flow)).map(otherText)
  const running = copying.length > 3 ? [`${copying.length} flows`] : copying.map(({ flow }) => flow)
  return [...running, ...others].join(', ')
}

function otherText({ flow, state, reason, isHeartbeatsOnly }: FlowSummary): string {
  if (state === 'copying' && isHeartbeatsOnly) return `${flow} heartbeats`
  return state === 'standby' && reason !== null ? `${flow} standby (${reason})` : `${flow} ${shortNames[state]}`
}

function partitionsText(flows: readonly FlowSummary[]): string {
  const stopped = sum(flows, 'stoppedCount')
  const recovering = sum(flows, 'recoveringCount')
  const parts = [`${count(sum(flows, 'partitionsCount'))} partitions`]
  if (recovering > 0) parts.push(`${count(recovering)} recovering`)
  const heldUpCount = flows.reduce((total, { heldUp }) => total + heldUp.length, 0)
  if (heldUpCount > 0) parts.push(`${count(heldUpCount)} held up by a transaction of the source`)
  if (stopped > 0) parts.push(`${count(stopped)} STOPPED`)
  return parts.join(', ')
}

type CountName = 'partitionsCount' | 'stoppedCount' | 'recoveringCount' | 'lagRecords' | 'recordsTotal' | 'gapsTotal'

function sum(flows: readonly FlowSummary[], name: CountName): number {
  return flows.reduce((total, flow) => total + flow[name], 0)
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
