/** TWINLOG_CHAOS_SEED, or another one each time. */
export function chaosSeed(): number {
  const text = process.env.TWINLOG_CHAOS_SEED
  if (text === undefined) return Math.floor(Math.random() * 2 ** 31)
  const seed = Number(text)
  if (!Number.isInteger(seed)) throw new Error(`TWINLOG_CHAOS_SEED has to be a whole number, not ${text}`)
  return seed
}
