import { errors } from './errors.ts'

/**
 * States a claim about our own code. What came from the wire or from a user is judged by an error of the catalogue instead.
 * @throws DEFECT when the claim is false; the task that meets it ends and is not retried
 */
export function assert(claim: boolean, what: string): asserts claim {
  if (!claim) throw errors.DEFECT({ what })
}
