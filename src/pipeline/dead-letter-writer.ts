import type { OversizedRecord } from '../wire/transcoded.ts'

/** Where records come from that a remote topic does not take. */
export interface DeadLetterOrigin {
  /** Source topic and partition. */
  readonly topic: string
  readonly partition: number
  readonly targetTopic: string
}

/** Keeps records that a remote topic does not take. */
export interface DeadLetterWriter {
  /**
   * Resolves when all are on the in-sync replicas of another topic.
   * @throws DEAD_LETTER_UNWRITTEN
   */
  write(
    origin: DeadLetterOrigin,
    records: readonly OversizedRecord[],
    options: { readonly signal: AbortSignal },
  ): Promise<void>
}
