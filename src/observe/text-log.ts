import type { EventLevel } from './event.ts'
import type { LogSink } from './log-sink.ts'

const labels: Readonly<Record<EventLevel, string>> = {
  error: 'ERROR',
  warn: 'WARN ',
  info: 'INFO ',
  debug: 'DEBUG',
  trace: 'TRACE',
}

const colours: Readonly<Record<EventLevel, string>> = {
  error: '\u001b[31m',
  warn: '\u001b[33m',
  info: '',
  debug: '\u001b[2m',
  trace: '\u001b[2m',
}

export interface TextLogOptions {
  /** Takes one line without its line end. */
  readonly writeLine: (line: string) => void
  /** Wall clock, ms since the epoch. */
  readonly now: () => number
  readonly hasColours: boolean
}

/** Lines for people: time of day, level, message; each line of a text with several. The fields are in the message already. */
export function createTextLog({ writeLine, now, hasColours }: TextLogOptions): LogSink {
  return {
    write({ level, text }) {
      const colour = hasColours ? colours[level] : ''
      for (const part of text.split('\n')) {
        const line = `${timeOfDay(now())} ${labels[level]} ${withoutControls(part)}`
        writeLine(colour === '' ? line : `${colour}${line}\u001b[0m`)
      }
    },
  }
}

function timeOfDay(ms: number): string {
  return new Date(ms).toISOString().slice(11, 23)
}

/** What came from a broker may be shown, but must not drive the terminal. */
function withoutControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}
