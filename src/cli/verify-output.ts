import type { Clock } from '../base/clock.ts'
import type { FlowVerification } from '../verify/flow-verification.ts'
import type { PartitionVerdict, ReportedDifference } from '../verify/verdict.ts'
import { Screen } from './screen.ts'
import type { OutputStream } from './screen.ts'
import { paint } from './styled-line.ts'
import { progressText } from './verify-progress.ts'
import type { ProgressFigures } from './verify-progress.ts'
import { differenceLines, flowLines, resultLine, summarizeVerdicts } from './verify-text.ts'

/** What a running verification says. */
export interface VerifyOutput {
  difference(difference: ReportedDifference): void
  verdict(verdict: PartitionVerdict): void
  progress(figures: ProgressFigures): void
  /** Following: everything before these offsets is the same. */
  verified(flow: FlowVerification): void
  end(flows: readonly FlowVerification[], limits: { readonly isSample: boolean; readonly since: string | null }): void
}

interface OutputOptions {
  readonly stdout: OutputStream & { readonly isTTY?: boolean }
  readonly clock: Clock
}

/** One JSON object a line, each with `event` and `time`. */
export function createJsonOutput({ stdout, clock }: OutputOptions): VerifyOutput {
  const write = (event: string, fields: object): void => {
    stdout.write(`${JSON.stringify({ event, time: new Date(clock.now()).toISOString(), ...fields })}\n`)
  }
  return {
    difference: (difference) => write('difference', difference),
    verdict: (verdict) => write('partition', verdict),
    progress: (figures) => write('progress', figures),
    verified: (flow) => write('verified', { flow: flow.name, partitions: flow.verdicts.map(verifiedFields) }),
    end: (flows, { isSample, since }) => {
      const summary = summarizeVerdicts(flows.flatMap(({ verdicts }) => verdicts))
      write('result', { ...summary, isSample, since })
    },
  }
}

function verifiedFields(verdict: PartitionVerdict) {
  const { topic, partition, result, verifiedUpstream, verifiedDownstream, pendingCount, differencesCount } = verdict
  return { topic, partition, result, verifiedUpstream, verifiedDownstream, pendingCount, differencesCount }
}

/** Lines for people; on a terminal with a progress line that stays at the bottom. */
export function createTextOutput({ stdout }: OutputOptions): VerifyOutput {
  const screen = new Screen(stdout)
  const isTerminal = stdout.isTTY === true
  const say = (lines: readonly string[]): void => {
    for (const line of lines) screen.writeLine(line)
  }
  return {
    difference: (difference) => say(differenceLines(difference)),
    // Told together with the others of its topic, at the end.
    verdict: () => undefined,
    progress(figures) {
      if (isTerminal) screen.draw([paint([{ text: progressText(figures) }], screen.columns, false)])
      else screen.writeLine(progressText(figures))
    },
    verified(flow) {
      const { verdicts } = flow
      const pending = verdicts.reduce((sum, { pendingCount }) => sum + pendingCount, 0)
      const { result, sameCount, differencesCount } = summarizeVerdicts(verdicts)
      const behind = `${pending.toLocaleString('en-US')} offsets not copied yet`
      const what = result === 'different' ? `${differencesCount} DIFFERENT` : 'no difference'
      const line = `${flow.name}: ${sameCount.toLocaleString('en-US')} records verified, ${what}, ${behind}`
      if (isTerminal) screen.draw([paint([{ text: line }], screen.columns, false)])
      else screen.writeLine(line)
    },
    end(flows, limits) {
      screen.draw([])
      for (const { name, verdicts } of flows) if (verdicts.length > 0) say(flowLines(name, verdicts))
      say([resultLine(summarizeVerdicts(flows.flatMap(({ verdicts }) => verdicts)), limits)])
    },
  }
}
