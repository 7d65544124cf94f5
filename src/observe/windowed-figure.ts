/** Length of each of the two windows, in ms (metrics.sample.window.ms and metrics.num.samples of MirrorMaker 2). */
const WINDOW_MS = 30_000

/**
 * Least, greatest and average of a figure over the last 30 to 60 seconds, and how much came in that time, as Kafka's sampled metrics have them:
 * two windows of 30 s, of which the older one is given up when a third begins. Noting a value costs a few assignments and no memory.
 * Source: SampledStat, Rate, Avg, Min, Max (Kafka's org.apache.kafka.common.metrics.stats).
 */
export class WindowedFigure {
  /** The value noted last; NaN: none was. */
  last = NaN
  #startedMs = -1
  #count = 0
  #sum = 0
  #amount = 0
  #min = Infinity
  #max = -Infinity
  #formerStartedMs = -1
  #formerCount = 0
  #formerSum = 0
  #formerAmount = 0
  #formerMin = Infinity
  #formerMax = -Infinity

  /**
   * @param value    any number
   * @param count    of how many things (records) it is the value
   * @param amount   what else these things amount to (bytes)
   * @param nowMs    a clock that does not go back
   */
  note(value: number, count: number, amount: number, nowMs: number): void {
    this.#advance(nowMs)
    this.last = value
    this.#count += count
    this.#sum += value * count
    this.#amount += amount
    if (value < this.#min) this.#min = value
    if (value > this.#max) this.#max = value
  }

  /** NaN: nothing was noted in that time. */
  average(nowMs: number): number {
    this.#advance(nowMs)
    const count = this.#count + this.#formerCount
    return count === 0 ? NaN : (this.#sum + this.#formerSum) / count
  }

  /** NaN: nothing was noted in that time. */
  least(nowMs: number): number {
    this.#advance(nowMs)
    const least = Math.min(this.#min, this.#formerMin)
    return least === Infinity ? NaN : least
  }

  /** NaN: nothing was noted in that time. */
  greatest(nowMs: number): number {
    this.#advance(nowMs)
    const greatest = Math.max(this.#max, this.#formerMax)
    return greatest === -Infinity ? NaN : greatest
  }

  /** How many things a second; 0: nothing came. */
  countPerSecond(nowMs: number): number {
    this.#advance(nowMs)
    return (this.#count + this.#formerCount) / this.#seconds(nowMs)
  }

  /** How much a second; 0: nothing came. */
  amountPerSecond(nowMs: number): number {
    this.#advance(nowMs)
    return (this.#amount + this.#formerAmount) / this.#seconds(nowMs)
  }

  /** At least one whole window, as Kafka's Rate has it: what begins is not shown as a rush. */
  #seconds(nowMs: number): number {
    const startedMs = this.#formerStartedMs >= 0 ? this.#formerStartedMs : this.#startedMs
    return Math.max(WINDOW_MS, startedMs < 0 ? 0 : nowMs - startedMs) / 1000
  }

  #advance(nowMs: number): void {
    if (this.#startedMs < 0) this.#startedMs = nowMs
    const elapsedMs = nowMs - this.#startedMs
    if (elapsedMs < WINDOW_MS) return
    const isFormerOver = elapsedMs >= 2 * WINDOW_MS
    this.#formerStartedMs = isFormerOver ? -1 : this.#startedMs
    this.#formerCount = isFormerOver ? 0 : this.#count
    this.#formerSum = isFormerOver ? 0 : this.#sum
    this.#formerAmount = isFormerOver ? 0 : this.#amount
    this.#formerMin = isFormerOver ? Infinity : this.#min
    this.#formerMax = isFormerOver ? -Infinity : this.#max
    this.#startedMs = isFormerOver ? nowMs : this.#startedMs + WINDOW_MS
    this.#count = 0
    this.#sum = 0
    this.#amount = 0
    this.#min = Infinity
    this.#max = -Infinity
  }
}
