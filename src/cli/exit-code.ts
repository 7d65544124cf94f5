import type { FlowState } from '../control/flow-state.ts'

/**
 * What the process tells whoever started it. MirrorMaker 2 uses 255, 2 and 1 in the same sense, as far as it has them. `different`: verify found a difference;
 * `incomplete`: it found none, and did not compare everything. `findings`: check or plan found what would stop a flow or a partition.
 */
export const exitCodes = {
  ok: 0,
  failed: 1,
  configuration: 2,
  different: 3,
  incomplete: 4,
  findings: 5,
  arguments: 255,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** @param states   of all flows, when all have come to an end */
export function exitCodeOf(states: Iterable<FlowState>): ExitCode {
  let code: ExitCode = exitCodes.ok
  for (const state of states) {
    if (state.name === 'ended' && state.kind === 'configuration') return exitCodes.configuration
    if (state.name !== 'stopped') code = exitCodes.failed
  }
  return code
}
