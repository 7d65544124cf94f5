import type { Clock } from '../base/clock.ts'

/** A moment by both clocks, ms. */
export interface LeaseMoment {
  readonly wallMs: number
  readonly monotonicMs: number
}

/**
 * For how long an owner may believe that nobody has taken over: the session timeout, from the moment at which it *asked* what was answered last
 * (the broker counts from the moment at which it answers, which is later). By both clocks, since the monotonic one may stand still while the machine sleeps,
 * and the other may be set back.
 */
export class OwnershipLease {
  readonly #clock: Clock
  readonly #sessionTimeoutMs: number
  #confirmed: LeaseMoment | null = null
  #excused: LeaseMoment | null = null

  constructor(clock: Clock, sessionTimeoutMs: number) {
    this.#clock = clock
    this.#sessionTimeoutMs = sessionTimeoutMs
  }

  /** To be taken before a question is sent. */
  now(): LeaseMoment {
    return { wallMs: this.#clock.now(), monotonicMs: this.#clock.monotonic() }
  }

  /** The coordinator answered a question of that moment, and we are a member. */
  confirm(askedAt: LeaseMoment): void {
    if (askedAt.monotonicMs >= (this.#confirmed?.monotonicMs ?? -Infinity)) this.#confirmed = askedAt
  }

  /**
   * At that moment there was no coordinator that could have given the flow to another. When one takes over it waits a whole session for
   * each member (GroupMetadataManager.onLoaded), ours too.
   */
  excuse(askedAt: LeaseMoment): void {
    this.#excused = askedAt
  }

  /** A new membership begins with nothing. */
  clear(): void {
    this.#confirmed = null
    this.#excused = null
  }

  /** Nobody else can own the flow: to be asked before something is written that a successor could not recognise as old, such as positions. */
  isSure(): boolean {
    return this.#isFresh(this.#confirmed)
  }

  /** Nobody else can own the flow, or the group has no coordinator. */
  mayCopy(): boolean {
    return this.isSure() || (this.#confirmed !== null && this.#isFresh(this.#excused))
  }

  /** Since the last answer, ms. */
  silentMs(): number {
    if (this.#confirmed === null) return 0
    return Math.round(Math.max(...this.#ages(this.#confirmed)))
  }

  #isFresh(moment: LeaseMoment | null): boolean {
    return moment !== null && this.#ages(moment).every((ageMs) => ageMs <= this.#sessionTimeoutMs)
  }

  #ages({ wallMs, monotonicMs }: LeaseMoment): readonly [number, number] {
    return [this.#clock.now() - wallMs, this.#clock.monotonic() - monotonicMs]
  }
}
