import type { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import type { Continuation } from './continuation.ts'
import type { LocatorPorts } from './locator-ports.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** What the locator needs, and whom it tells. */
export interface LocatorDependencies {
  readonly ports: LocatorPorts
  readonly clock: Clock
  readonly isIdempotent: boolean
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none'
  /** The partition may be read and written from here on. */
  onLocated(partition: MirroredPartition, remark: Continuation['remark']): void
  /** It could not be found out yet, and is tried again. */
  onDelayed(partition: MirroredPartition, error: TwinlogError, isNews: boolean): void
  onRefused(partition: MirroredPartition, error: TwinlogError): void
  /** The target does not say how far the copy came. */
  onBlind(partition: MirroredPartition, error: TwinlogError): void
  /** A marker refuses from now on what may have been on its way. */
  onFenced(partition: MirroredPartition): void
  /** It had to be fenced, and could not be. */
  onUnfenced(partition: MirroredPartition): void
  /** No stored position, and auto.offset.reset is `none`. */
  onUnpositioned(partition: MirroredPartition): void
  /** A partition that is new to the flow begins above offset 0: what was before is not in the copy. */
  onStartMissing(partition: MirroredPartition, firstOffset: number): void
}
