/** Who takes part, in the order of the tables. */
export const CONTESTANTS = ['mm2-shipped', 'mm2-tuned', 'twinlog', 'bare-copy'] as const
/** The same with exactly.once.source.support=enabled. */
export const EXACTLY_ONCE_CONTESTANTS = ['mm2-shipped-eos', 'mm2-tuned-eos', 'twinlog-eos'] as const
export type ContestantName = (typeof CONTESTANTS)[number] | (typeof EXACTLY_ONCE_CONTESTANTS)[number]

/** Whether it writes in transactions: then its records are there when they are committed. */
export function isExactlyOnce(name: ContestantName): boolean {
  return name.endsWith('-eos')
}

/** What a contestant is asked to copy. Each run has a source alias of its own, so that nothing is left from the one before. */
export interface FlowUnderTest {
  readonly sourceAlias: string
  readonly sourceBootstrap: string
  readonly targetBootstrap: string
  readonly topic: string
  /** Of the topic; the bare copy has to be told. */
  readonly partitionsCount: number
  /** `compression.type` of the flow's producer; absent: it is not set. */
  readonly compression?: string
  /** For internal topics on the target. */
  readonly targetReplicationFactor: number
  /** For settings, logs and what a run leaves behind. */
  readonly folder: string
}

export const TARGET_ALIAS = 't'

/** DefaultReplicationPolicy. */
export function remoteTopic({ sourceAlias, topic }: FlowUnderTest): string {
  return `${sourceAlias}.${topic}`
}

/** What only the contestant itself can tell, after it ended. */
export interface ContestantFacts {
  /** Effective client settings, as MirrorMaker 2 logs them. */
  readonly clientSettings?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly heap?: HeapFacts
}

/** Of a Node process, from its start to its end. */
export interface HeapFacts {
  readonly allocatedBytes: number
  readonly majorCollections: number
  readonly minorCollections: number
  /** Longest stretch of work between two turns of the event loop, in ms of CPU of its thread; only where it was looked at, since it was (SIGUSR2). */
  readonly longestTurnMs?: number
}

/** A contestant at work, as a process of its own. */
export interface RunningContestant {
  readonly pid: number
  readonly hasEnded: boolean
  /** What it wrote to standard output and error. */
  readonly logFile: string
  /** Ends it if it still runs. */
  stop(): Promise<ContestantFacts>
}
