import type { ErrorKind } from '../base/catalogue.ts'
import { classify } from '../kafka/kafka-error.ts'

/** Who has to act on a failure. What nobody knows is our own mistake: it must not be retried as if the world had failed. */
export function failureKind(error: unknown): ErrorKind {
  return classify(error).kind
}

export function isDefect(error: unknown): boolean {
  return failureKind(error) === 'defect'
}
