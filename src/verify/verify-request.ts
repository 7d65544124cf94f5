import type { TopicFilter } from '../mirror/topic-filter.ts'

/** What the user wants to be compared, and how. */
export interface VerifyRequest {
  /** Source topics; null: all that the flow mirrors. */
  readonly topics: TopicFilter | null
  /** Only records at or after this time, ms since the epoch; null: all. */
  readonly sinceMs: number | null
  /** As the user wrote it; null: not at all. */
  readonly since: string | null
  /** Share of the ranges that is compared, above 0 and at most 1. */
  readonly sampleShare: number
  /** Compares the last value of each key instead of each record. */
  readonly isCompacted: boolean
  /** So many differences of a partition are looked for; beyond them it is left. */
  readonly differencesMax: number
}
