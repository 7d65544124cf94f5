/** What happens to whom. Brokers of both sides take turns, and so do an orderly stop and kill -9. */
export interface SoakFault {
  readonly atSeconds: number
  readonly who: 'twinlog' | 'source broker' | 'target broker'
  readonly isKilled: boolean
}

/** Restarts of twinlog come early, so that the last process lives long enough to be judged; brokers are restarted all the time. */
const RESTARTS_AT = [0.08, 0.16, 0.24, 0.32]
const BROKER_RESTARTS = 14
const BROKER_LEAST_SECONDS = 60

/** All faults of a soak, in their order. */
export function scheduleFaults(totalSeconds: number): SoakFault[] {
  const restarts = RESTARTS_AT.map((share, index): SoakFault => ({
    atSeconds: totalSeconds * share,
    who: 'twinlog',
    isKilled: index % 2 === 1,
  }))
  const everySeconds = Math.max(BROKER_LEAST_SECONDS, totalSeconds / (BROKER_RESTARTS + 1))
  const brokers = Array.from({ length: Math.floor((totalSeconds - 30) / everySeconds) }, (_, index): SoakFault => ({
    atSeconds: (index + 1) * everySeconds,
    who: index % 2 === 0 ? 'source broker' : 'target broker',
    isKilled: Math.floor(index / 2) % 2 === 0,
  }))
  return [...restarts, ...brokers].sort((one, other) => one.atSeconds - other.atSeconds)
}
