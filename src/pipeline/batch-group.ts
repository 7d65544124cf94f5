/** Batches of one partition, one after the other, that are decoded and written anew together. */
export interface BatchGroup {
  /** Where each begins in the walk's memory; their sizes are in their headers. */
  readonly places: readonly number[]
  /** All together, headers included. */
  readonly sizeBytes: number
  /** Where the walk goes on behind the group. */
  readonly endAt: number
  /** Next upstream offset once the group is copied. */
  readonly positionAfter: number
  /** Of the source; one for all of them. */
  readonly leaderEpoch: number
  /** One of them cannot be copied as it is. False: it is only cheaper to send them as one. */
  readonly isNeeded: boolean
}
