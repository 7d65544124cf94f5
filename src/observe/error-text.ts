import { TwinlogError } from '../base/catalogue.ts'

const deepestCause = 6

/**
 * One line for people: the error's message and those of its causes, without stack traces and without saying a thing twice.
 * An error of the catalogue tells its reason itself, so that its causes are left out.
 * @param error   whatever was thrown
 */
export function describeError(error: unknown): string {
  const texts: string[] = []
  let current: unknown = error
  for (let depth = 0; current !== undefined && current !== null && depth < deepestCause; depth++) {
    const text = oneLine(textOf(current))
    if (text !== '' && !texts.some((earlier) => earlier.includes(text))) texts.push(text)
    current = current instanceof Error && !isSelfContained(current) ? causeOf(current) : undefined
  }
  return texts.join(': ')
}

/** The catalogue's code, Node's code or the class name: short, and stable enough to count by. */
export function errorCode(error: unknown): string {
  if (error instanceof TwinlogError) return error.code
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return typeof error
}

function isSelfContained(error: Error): boolean {
  return error instanceof TwinlogError && error.kind !== 'defect'
}

/** A group of errors (all addresses of a name failed) is explained by its members. */
function causeOf(error: Error): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0]
  return error.cause
}

function textOf(error: unknown): string {
  if (error instanceof TwinlogError) return error.message
  if (error instanceof Error) return error.message === '' ? error.name : error.message
  return String(error)
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim()
}
