import type { EventMetricName } from './event-metrics.ts'

/** Log levels, quietest last. info: worth seeing in a quiet week. warn: retried or will need action. error: a task stopped. */
export type EventLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace'

export interface EventEntry {
  readonly level: EventLevel
  /** Message; `{name}` stands for a field. */
  readonly text: string
  /** The counter that it adds one to, beside twinlog_events_total; its labels are fields of the event. */
  readonly counter?: EventMetricName
}

export type EventFields = Readonly<Record<string, unknown>>

/** Where every part of twinlog says what happened. One event is one log line and its counters (event-catalogue.ts). */
export interface Observer<Name extends string = string> {
  event(name: Name, fields: EventFields): void
}
