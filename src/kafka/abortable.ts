/**
 * Waits for a promise that belongs to somebody else, but no longer than the signal lasts. The listener is removed afterwards,
 * so that waiting often for a long-lived promise leaks nothing.
 * @throws the signal's reason when it is aborted first; then the promise goes on, and its failure is not reported twice
 */
export async function abortable<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  if (signal.aborted) {
    // Nobody else waits for it: its failure would end the process.
    promise.catch(() => undefined)
    throw signal.reason
  }
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
