import type { EventFields, EventLevel } from './event.ts'

/** One line of the log, already worded. */
export interface LogLine {
  readonly level: EventLevel
  /** Name of the event in the catalogue. */
  readonly event: string
  readonly text: string
  readonly fields: EventFields
}

/** Where log lines go: lines for people or JSON for machines. */
export interface LogSink {
  write(line: LogLine): void
}
