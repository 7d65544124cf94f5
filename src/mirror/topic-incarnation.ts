/** Whether a topic id stands for another topic than an earlier one, of the same name. Where one of both is not known (brokers before 2.8) nobody can tell. */
export function isAnotherIncarnation(before: string | null, now: string | null): boolean {
  return before !== null && now !== null && before !== now
}
