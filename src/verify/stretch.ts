/** A part of a partition and the part of its copy that has to hold the same records. Ends are exclusive. */
export interface Stretch {
  readonly upstreamFrom: number
  readonly upstreamTo: number
  readonly downstreamFrom: number
  readonly downstreamTo: number
}

/** A stretch that is to be compared, and how sure its beginning is. */
export interface PlannedStretch extends Stretch {
  /**
   * How it is known that the first records belong together: by the ledger's runs, because both logs are whole from their first offset, by an earlier
   * run of `verify`, by the records' timestamps, or not yet: then the records themselves have to tell (content-alignment.ts).
   */
  readonly alignment: 'ledger' | 'log starts' | 'verified before' | 'timestamps' | 'content'
  /** The source may have more records at the end than the target: those that are not copied yet. */
  readonly isNewest: boolean
  /** The stretch ends with the source's last record; where that is on the target is not known. */
  readonly isTargetEndOpen?: true
}
