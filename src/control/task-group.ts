/**
 * Runs tasks side by side until all have come to an end. The first one that fails ends the others, and its error is thrown when all
 * are done: nothing of the group is left running.
 */
export async function runTogether(
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const group = new AbortController()
  const either = AbortSignal.any([signal, group.signal])
  const failures: unknown[] = []
  const run = async (task: (signal: AbortSignal) => Promise<void>) => {
    try {
      await task(either)
    } catch (error) {
      failures.push(error)
      group.abort(error)
    }
  }
  await Promise.all(tasks.map(run))
  if (failures.length > 0) throw failures[0]
}
