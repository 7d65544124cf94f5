import type { Clock } from '../base/clock.ts'
import { classify } from './kafka-error.ts'

/** A broker that answers at all has answered by then, as a rule; one that hangs does not say so. */
const STAGGER_MS = 1_000

/**
 * Asks one after the other until one has answered: the next one is asked when the one before failed, or has been silent for a second. Then both may answer, and the first
 * good answer counts; what comes of the others is nobody's concern.
 * @param ask   asks the next one; null when nobody is left. At least one there is
 * @throws what the first one failed with when all have; rather an error that the user has to mend, if there is one
 */
export async function firstAnswer<Value>(
  ask: (index: number) => Promise<Value> | null,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Value> {
  const answered = Promise.withResolvers<Value>()
  const isDone = new AbortController()
  const until = { signal: AbortSignal.any([signal, isDone.signal]) }
  const failures: unknown[] = []
  let askedCount = 0
  let isNobodyLeft = false
  const askNext = (): void => {
    const asking = ask(askedCount)
    if (asking === null) {
      isNobodyLeft = true
      failIfAllDid()
      return
    }
    const isLast = (asked: number): boolean => asked === askedCount && !isNobodyLeft && !until.signal.aborted
    const asked = ++askedCount
    asking.then(answered.resolve, (error: unknown) => {
      failures.push(error)
      if (isLast(asked)) askNext()
      else failIfAllDid()
    })
    clock.sleep(STAGGER_MS, until).then(
      () => isLast(asked) && askNext(),
      () => undefined,
    )
  }
  const failIfAllDid = (): void => {
    if (failures.length < askedCount) return
    answered.reject(failures.find((failure) => classify(failure).kind === 'configuration') ?? failures[0])
  }
  try {
    askNext()
    return await answered.promise
  } finally {
    isDone.abort()
  }
}
