import type { ContestantFacts, ContestantName } from './contestant.ts'
import type { RelayName } from './relay-floor.ts'

/** `direct` is no mirror at all: what producer and consumer need on one cluster. */
export type MeasuredName = ContestantName | RelayName | 'direct'

/** One run of one contestant. */
export interface Measurement {
  readonly shape: string
  readonly contestant: MeasuredName
  readonly round: number
  /** By name; the unit is in the name. */
  readonly figures: Readonly<Record<string, number>>
  readonly facts: ContestantFacts
}

/** Of a shape and contestant over all rounds. */
export interface Summary {
  readonly shape: string
  readonly contestant: MeasuredName
  readonly roundsCount: number
  readonly median: Readonly<Record<string, number>>
  readonly min: Readonly<Record<string, number>>
  readonly max: Readonly<Record<string, number>>
}

export function summarize(measurements: readonly Measurement[]): Summary[] {
  const groups = Map.groupBy(measurements, ({ shape, contestant }) => `${shape} ${contestant}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { shape, contestant } = first
    return [
      {
        shape,
        contestant,
        roundsCount: group.length,
        median: each(group, median),
        min: each(group, least),
        max: each(group, most),
      },
    ]
  })
}

function each(group: readonly Measurement[], choose: (values: readonly number[]) => number): Record<string, number> {
  const names = new Set(group.flatMap(({ figures }) => Object.keys(figures)))
  return Object.fromEntries(
    [...names].map((name) => [name, choose(group.flatMap(({ figures }) => figures[name] ?? []))]),
  )
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

function least(values: readonly number[]): number {
  return Math.min(...values)
}

function most(values: readonly number[]): number {
  return Math.max(...values)
}
