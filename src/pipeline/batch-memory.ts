/** The memory that a batch lies in. It is held until the batch was handed to a target's socket, and not longer. */
export interface BatchMemory {
  /** Not to be touched after the last `drop`. */
  readonly bytes: Buffer
  /** One more batch in it waits to be sent. */
  hold(): void
  /** One holder is done with it; the last one gives it back. */
  drop(): void
}
