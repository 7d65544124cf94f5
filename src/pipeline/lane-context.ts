import type { Clock } from '../base/clock.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import type { Gap } from '../mirror/gap.ts'
import type { LedgerWriter } from '../mirror/ledger-entry.ts'
import type { EventFields, Observer } from '../observe/event.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { DeadLetterWriter } from './dead-letter-writer.ts'
import type { LaneFigures } from './lane-figures.ts'
import type { TransactionalTarget } from './kafka-transaction-ports.ts'

/** What a lane is given from outside. */
export interface LaneDependencies {
  readonly source: ClusterClient
  readonly target: ClusterClient
  readonly ledger: LedgerWriter
  /** How to write in transactions; null: they are not asked for. */
  readonly transactional: TransactionalTarget | null
  /** For records that are too large for their remote topics; null: their partitions stop. */
  readonly deadLetters: DeadLetterWriter | null
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
  onGap(gap: Gap): void
  /** A topic is not what it was (deleted, made again): topics should be looked up soon. */
  onTopicsChanged?(): void
}

/** What both sides of a lane work with. */
export interface LaneContext {
  readonly plan: FlowPlan
  readonly deps: LaneDependencies
  readonly figures: LaneFigures
  /** Reports an event of this flow. */
  say(name: EventName, fields: EventFields): void
  /** Runs a loop for the life of the lane; if it throws, the lane ends with that error. */
  start(work: Promise<void>): void
  /** Something of ours threw: the lane ends. */
  onDefect(error: unknown): void
}
