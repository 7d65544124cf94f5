import { eventEntries } from './event-catalogue.ts'
import type { EventName } from './event-catalogue.ts'
import { eventText } from './event-text.ts'
import type { EventEntry, EventFields, Observer } from './event.ts'
import type { LogLevel } from './log-level.ts'
import type { LogSink } from './log-sink.ts'

/** Turns events into log lines: one event, one line, worded by its entry in the catalogue. */
export class Logger implements Observer<EventName> {
  readonly #sink: LogSink
  readonly #level: LogLevel

  /** @param level   asked for each event: it may change */
  constructor(sink: LogSink, level: LogLevel) {
    this.#sink = sink
    this.#level = level
  }

  event(name: EventName, fields: EventFields): void {
    const entry: EventEntry = eventEntries[name]
    if (!this.#level.shows(entry.level)) return
    this.#sink.write({ level: entry.level, event: name, text: eventText(entry, fields), fields })
  }
}
