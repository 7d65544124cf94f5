import { describeError } from './error-text.ts'
import type { EventEntry, EventFields } from './event.ts'

/**
 * The message of an event for people: `{name}` in the entry's text is replaced by the field.
 * A field that the text asks for and that was not given stays visible as `{name}`.
 */
export function eventText(entry: EventEntry, fields: EventFields): string {
  return entry.text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in fields ? fieldText(fields[name]) : whole))
}

function fieldText(value: unknown): string {
  // The sentence goes on after the field.
  if (value instanceof Error) return describeError(value).replace(/\.$/, '')
  if (Array.isArray(value)) return listText(value)
  if (typeof value === 'object' && value !== null && value.toString === Object.prototype.toString)
    return JSON.stringify(value)
  // A text of the other side must not begin a line of its own in our log.
  return String(value).replace(/\s*[\r\n]+\s*/g, ' ')
}

const longestList = 5

function listText(values: readonly unknown[]): string {
  const shown = values.slice(0, longestList).map(fieldText).join(', ')
  return values.length > longestList ? `${shown} and ${values.length - longestList} more` : shown
}
