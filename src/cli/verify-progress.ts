import type { VerificationProgress } from '../verify/partition-verification.ts'
import { RateMeter } from './rate-meter.ts'
import { formatCount } from './verify-text.ts'

/** How far a verification is, for people and machines. */
export interface ProgressFigures {
  /** 0 to 1. */
  readonly share: number
  readonly records: number
  readonly differences: number
  /** Bytes of one side a second. */
  readonly bytesPerSecond: number
  /** Null while it cannot be told. */
  readonly secondsLeft: number | null
}

const barColumns = 20

/** Works out rates and what is left of it from progress as it grows. */
export class VerifyProgress {
  readonly #meter = new RateMeter()

  /** @param atMs   monotonic clock */
  figures(atMs: number, progress: VerificationProgress, differences: number): ProgressFigures {
    const { totalOffsets, doneOffsets, sameCount, sourceBytes, targetBytes } = progress
    const { recordsPerSecond, bytesPerSecond } = this.#meter.add(atMs, doneOffsets, Math.max(sourceBytes, targetBytes))
    const left = Math.max(0, totalOffsets - doneOffsets)
    return {
      share: totalOffsets === 0 ? 1 : Math.min(1, doneOffsets / totalOffsets),
      records: sameCount,
      differences,
      bytesPerSecond,
      secondsLeft: left === 0 ? 0 : recordsPerSecond > 0 ? left / recordsPerSecond : null,
    }
  }
}

/** One line of at most 79 columns. */
export function progressText({ share, records, differences, bytesPerSecond, secondsLeft }: ProgressFigures): string {
  const full = Math.floor(share * barColumns)
  const bar = `[${'='.repeat(full)}${' '.repeat(barColumns - full)}]`
  const percent = `${Math.floor(share * 100)}%`.padStart(4)
  const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`
  const found = differences === 0 ? 'no difference' : `${formatCount(differences)} DIFFERENT`
  return `${bar}${percent} ${formatCount(records)} records, ${(bytesPerSecond / 1e6).toFixed(0)} MB/s a side, ${found}${left}`
}

function durationText(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole}s`
  if (whole < 3_600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`
  return `${Math.floor(whole / 3_600)}h${String(Math.floor((whole % 3_600) / 60)).padStart(2, '0')}m`
}
