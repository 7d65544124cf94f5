/** Bounds of what one partition may have in flight (design.md section 5). */
export interface WriteWindow {
  readonly batchesMax: number
  readonly bytesMax: number
}
