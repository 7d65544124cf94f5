import type { FlowReport } from './status-report.ts'

/** Whether a process does what it is for. */
export interface Health {
  readonly isReady: boolean
  /** Why it is not ready; empty when it is. */
  readonly reasons: readonly string[]
  /** What someone should look at although the process is ready. */
  readonly warnings: readonly string[]
}

/**
 * Ready: each flow copies, or stands by for another process that does. A flow of which no partition is copied, or whose source tells nothing, does not copy, whatever
 * its state. A partition that stopped alone is a warning: restarting the process would not mend it. So is a flow that only writes heartbeats, and does not, and
 * whatever else a flow does beside copying and fails at.
 */
export function healthOf(flows: readonly FlowReport[]): Health {
  const ill = flows.filter((flow) => !isWell(flow))
  const reasons = ill.filter(({ isHeartbeatsOnly }) => !isHeartbeatsOnly).map(reasonOf)
  const warnings = [
    ...ill.filter(({ isHeartbeatsOnly }) => isHeartbeatsOnly).map(reasonOf),
    ...flows.flatMap((report) => warningsOf(report)),
  ]
  return { isReady: reasons.length === 0, reasons, warnings }
}

/** Who stands by without knowing for whom does not know that anybody copies. */
function isWell({ state, owner, partitionsCount, copyingCount, endUnknownCount }: FlowReport): boolean {
  if (state === 'copying') return partitionsCount === 0 || (copyingCount > 0 && endUnknownCount < partitionsCount)
  return state === 'draining' || (state === 'standby' && owner !== null)
}

function reasonOf(report: FlowReport): string {
  const { flow, state, reason, partitionsCount, copyingCount } = report
  if (state === 'copying' && copyingCount === 0)
    return `Flow ${flow}: none of its ${partitionsCount} partitions is copied${because(report)}`
  if (state === 'copying') return `Flow ${flow}: its source has not told of any partition for a while`
  return `Flow ${flow} is ${state}${reason === null ? '' : `: ${reason}`}`
}

function warningsOf(report: FlowReport): string[] {
  const { flow, stopped, stoppedCount, heldUp, gapsTotal, locatingCount, recoveringCount, duties } = report
  const waitingCount = locatingCount + recoveringCount
  return [
    ...(waitingCount > 0 ? [`Flow ${flow}: ${waitingCount} partitions wait for their targets${because(report)}`] : []),
    ...stopped.map(
      ({ topic, partition, reason }) => `Flow ${flow}: ${topic} partition ${partition} stopped: ${reason}`,
    ),
    ...(stoppedCount > stopped.length ? [`Flow ${flow}: ${stoppedCount} partitions stopped`] : []),
    ...heldUp.map(
      ({ topic, partition, reason }) => `Flow ${flow}: ${topic} partition ${partition} is held up: ${reason}`,
    ),
    ...duties.flatMap(({ duty, reason }) => (reason === null ? [] : [`Flow ${flow}: ${duty}: ${reason}`])),
    ...(gapsTotal > 0 ? [`Flow ${flow}: ${gapsTotal} gaps were found since the process started`] : []),
  ]
}

/** The first reason that a topic has. */
function because({ topics }: FlowReport): string {
  const reason = topics.find((topic) => topic.reason !== null)?.reason
  return reason === undefined || reason === null ? '' : `: ${reason}`
}
