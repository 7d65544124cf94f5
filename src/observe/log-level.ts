import type { EventName } from './event-catalogue.ts'
import type { EventLevel, Observer } from './event.ts'

export const eventLevels: readonly EventLevel[] = ['error', 'warn', 'info', 'debug', 'trace']

/** The quietest level that is logged; it may be changed while twinlog runs, and each change is an event. */
export class LogLevel {
  readonly #configured: EventLevel
  #current: EventLevel
  #observe: Observer<EventName> | null = null

  constructor(configured: EventLevel) {
    this.#configured = configured
    this.#current = configured
  }

  get current(): EventLevel {
    return this.#current
  }

  /** Whom changes are told. */
  reportTo(observe: Observer<EventName>): void {
    this.#observe = observe
  }

  /** Whether a line of this level is logged. */
  shows(level: EventLevel): boolean {
    return eventLevels.indexOf(level) <= eventLevels.indexOf(this.#current)
  }

  /** @param origin   who asked for it, for people */
  set(level: EventLevel, origin: string): void {
    if (level === this.#current) return
    // Told at the louder of the two, so that it is seen.
    const isLouder = eventLevels.indexOf(level) > eventLevels.indexOf(this.#current)
    if (isLouder) this.#current = level
    this.#observe?.event('LogLevelChanged', { logLevel: level, origin })
    this.#current = level
  }

  /** To debug, and back to what was configured; where that is debug or more, to info and back. */
  toggle(origin: string): void {
    const other = eventLevels.indexOf(this.#configured) >= eventLevels.indexOf('debug') ? 'info' : 'debug'
    this.set(this.#current === other ? this.#configured : other, origin)
  }
}
