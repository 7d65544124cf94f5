import { eventEntries } from './event-catalogue.ts'
import type { EventName } from './event-catalogue.ts'
import { eventText } from './event-text.ts'
import type { EventEntry, EventFields, EventLevel, Observer } from './event.ts'
import type { LogSink } from './log-sink.ts'

const ranks: Readonly<Record<EventLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3, trace: 4 }

/** Turns events into log lines: one event, one line, worded by its entry in the catalogue. */
export class Logger implements Observer<EventName> {
  readonly #sink: LogSink
  readonly #lowestRank: number

  /** @param level   the quietest level that is still written */
  constructor(sink: LogSink, level: EventLevel) {
    this.#sink = sink
    this.#lowestRank = ranks[level]
  }

  event(name: EventName, fields: EventFields): void {
    const entry: EventEntry = eventEntries[name]
    if (ranks[entry.level] > this.#lowestRank) return
    this.#sink.write({ level: entry.level, event: name, text: eventText(entry, fields), fields })
  }
}
