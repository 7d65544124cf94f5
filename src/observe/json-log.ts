import { pino } from 'pino'
import type { DestinationStream } from 'pino'
import { describeError, errorCode } from './error-text.ts'
import type { LogSink } from './log-sink.ts'
import type { EventFields } from './event.ts'

/** Field names that are never written, whatever they hold. Secrets are masked by their own class; this is the second lock. */
const secretName = /password|secret|jaas|credential|private.?key|token$/i

/**
 * One JSON object a line, as pino writes it: `level`, `time` (ISO 8601), `event`, the event's fields and `msg`.
 * @param destination   where the lines go, one `write` a line
 */
export function createJsonLog(destination: DestinationStream): LogSink {
  const log = pino(
    {
      level: 'trace',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return {
    write(line) {
      log[line.level]({ event: line.event, ...plainFields(line.fields) }, line.text)
    },
  }
}

function plainFields(fields: EventFields): Record<string, unknown> {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) plain[name] = plainField(name, value)
  return plain
}

function plainField(name: string, value: unknown): unknown {
  if (secretName.test(name)) return '[hidden]'
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Error) return { code: errorCode(value), message: describeError(value) }
  return value
}
