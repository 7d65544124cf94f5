import type { Sample } from './sample.ts'

/** Figures of a sample that have to stay where they are, and how much they may differ: times so much, plus so much. */
export const FIGURES = {
  rssMib: { title: 'RSS, MiB', factor: 1.1, plus: 10 },
  heapMib: { title: 'heap used, MiB', factor: 1.1, plus: 5 },
  externalMib: { title: 'external, MiB', factor: 1.1, plus: 5 },
  arrayBuffersMib: { title: 'array buffers, MiB', factor: 1.1, plus: 5 },
  fileDescriptors: { title: 'file descriptors', factor: 1, plus: 3 },
  connections: { title: 'connections', factor: 1, plus: 3 },
  threads: { title: 'threads', factor: 1, plus: 2 },
  lagRecords: { title: 'lag, records', factor: 1, plus: 1_000 },
} as const satisfies Partial<Record<keyof Sample, { title: string; factor: number; plus: number }>>

export type FigureName = keyof typeof FIGURES

/** The rule in words, for the report. */
export const RULE =
  'A life is judged when it lasted at least four minutes; its first minute, in which the heap finds its size, counts nowhere. ' +
  'First and last are the averages over the first and the last quarter of the rest (of the lag: the medians, as a restart of a broker is meant to raise it). ' +
  'Flat: last is at most first times 1.1 plus 10 MiB (RSS) or 5 MiB (other memory); at most 3 descriptors or connections, 2 threads, 1,000 records of lag more.'

export interface FigureVerdict {
  readonly figure: FigureName
  readonly first: number
  readonly last: number
  readonly isFlat: boolean
}

export interface LifeVerdict {
  readonly life: number
  readonly seconds: number
  /** Empty: too short to be judged. */
  readonly figures: readonly FigureVerdict[]
}

const WARM_UP_SECONDS = 60
const LEAST_LIFE_SECONDS = 240

/** Whether each process stayed as large as it was. */
export function judgeLives(samples: readonly Sample[]): LifeVerdict[] {
  const lives = [...new Set(samples.map(({ life }) => life))]
  return lives.map((life) => {
    const own = samples.filter((sample) => sample.life === life)
    const seconds = own.at(-1)?.lifeSeconds ?? 0
    const counted = own.filter(({ lifeSeconds }) => lifeSeconds >= WARM_UP_SECONDS)
    return { life, seconds, figures: seconds < LEAST_LIFE_SECONDS ? [] : judgeFigures(counted) }
  })
}

function judgeFigures(samples: readonly Sample[]): FigureVerdict[] {
  const quarter = Math.max(1, Math.floor(samples.length / 4))
  return (Object.keys(FIGURES) as FigureName[]).map((figure) => {
    const middle = figure === 'lagRecords' ? median : average
    const values = samples.map((sample) => sample[figure])
    const [first, last] = [middle(values.slice(0, quarter)), middle(values.slice(-quarter))]
    const { factor, plus } = FIGURES[figure]
    return { figure, first, last, isFlat: last <= first * factor + plus }
  })
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
