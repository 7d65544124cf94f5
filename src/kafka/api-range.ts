/** The versions of one API that a broker has, both inclusive. */
export interface ApiRange {
  readonly min: number
  readonly max: number
}
