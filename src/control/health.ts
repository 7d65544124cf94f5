import type { FlowReport } from './status-report.ts'

/** Whether a process does what it is for. */
export interface Health {
  readonly isReady: boolean
  /** Why it is not ready; empty when it is. */
  readonly reasons: readonly string[]
  /** What someone should look at although the process is ready. */
  readonly warnings: readonly string[]
}

/** Ready: each flow copies, or stands by for another process that does. A partition that stopped is a warning: restarting the process would not mend it. */
export function healthOf(flows: readonly FlowReport[]): Health {
  const reasons = flows.flatMap((flow) => (isWell(flow) ? [] : [reasonOf(flow)]))
  const warnings = flows.flatMap(({ flow, stopped, stoppedCount, heldUp, gapsTotal }) => [
    ...stopped.map(
      ({ topic, partition, reason }) => `Flow ${flow}: ${topic} partition ${partition} stopped: ${reason}`,
    ),
    ...(stoppedCount > stopped.length ? [`Flow ${flow}: ${stoppedCount} partitions stopped`] : []),
    ...heldUp.map(
      ({ topic, partition, reason }) => `Flow ${flow}: ${topic} partition ${partition} is held up: ${reason}`,
    ),
    ...(gapsTotal > 0 ? [`Flow ${flow}: ${gapsTotal} gaps were found since the process started`] : []),
  ])
  return { isReady: reasons.length === 0, reasons, warnings }
}

/** Who stands by without knowing for whom does not know that anybody copies. */
function isWell({ state, owner }: FlowReport): boolean {
  return state === 'copying' || state === 'draining' || (state === 'standby' && owner !== null)
}

function reasonOf({ flow, state, reason }: FlowReport): string {
  return `Flow ${flow} is ${state}${reason === null ? '' : `: ${reason}`}`
}
