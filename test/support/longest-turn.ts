/**
 * Looks how long the event loop has no turn for others while something runs, in CPU time of this thread: a machine that
 * is busy with other processes does not count.
 * @returns what `run` gives; the longest stretch of work without a turn, in ms of CPU; and how many turns there were
 */
export async function longestTurn<T>(
  run: () => Promise<T>,
): Promise<{ readonly value: T; readonly longestMs: number; readonly turnsCount: number }> {
  let longestMs = 0
  let turnsCount = 0
  let last = threadCpuMs()
  const look = (): void => {
    const now = threadCpuMs()
    longestMs = Math.max(longestMs, now - last)
    last = now
    turnsCount++
  }
  const timer = setInterval(look, 1)
  try {
    const value = await run()
    look()
    return { value, longestMs, turnsCount }
  } finally {
    clearInterval(timer)
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
