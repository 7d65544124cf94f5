/** Where the readings of a metric come from: the process, each flow, each partition (or topic, or flow: metrics-level.ts), or the events that happened. */
export type MetricScope = 'process' | 'flow' | 'partition' | 'event'

/** One metric: everything that is known about it is said here, once. Its unit is the end of its name. */
export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly scope: MetricScope
  readonly labels: readonly string[]
  readonly help: string
  /** What MirrorMaker 2 has for it, as MBean attribute; null: nothing. */
  readonly mirrorMaker: string | null
}

/** One value. Labels without a value are left out. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** Of a histogram: which of its series. */
  readonly suffix?: '_bucket' | '_sum' | '_count'
}

/** Reads a metric at the moment when somebody asks. */
export type MetricReader = () => readonly MetricSample[]

/** How each metric of a catalogue is read: none can be forgotten. */
export type MetricReaders<Catalogue> = { readonly [Name in keyof Catalogue]: MetricReader }
