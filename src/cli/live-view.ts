import type { Clock } from '../base/clock.ts'
import { Notifier } from '../base/notifier.ts'
import type { StatusReport } from '../control/status-report.ts'
import { describeError } from '../observe/error-text.ts'
import { CatchUpProgress } from './catch-up-progress.ts'
import type { Progress } from './catch-up-progress.ts'
import type { Display } from './display.ts'
import { RateBook } from './rate-book.ts'
import { paint } from './styled-line.ts'
import { initialViewState, pressKey } from './view-state.ts'
import { viewLines } from './view-text.ts'
import type { ViewContent } from './view-text.ts'

export interface LiveViewDependencies {
  readonly clock: Clock
  readonly display: Display
  /** What there is to show; may throw where it is asked of another process. */
  status(options: { readonly signal: AbortSignal }): StatusReport | Promise<StatusReport>
  readonly intervalMs: number
  readonly hasColours: boolean
  /** What q and Ctrl-C do, for the last line. */
  readonly leaving: string
  /** Ctrl-C was pressed. */
  onInterrupt(): void
  /** q was pressed; absent: it does nothing. */
  readonly onLeave?: () => void
}

/** Shows the state of all flows and topics, and follows the keys. */
export class LiveView {
  readonly #deps: LiveViewDependencies
  readonly #rates = new RateBook()
  readonly #progress = new Map<string, CatchUpProgress>()
  readonly #changed = new Notifier()
  #shownProgress = new Map<string, Progress | null>()
  #report: StatusReport | null = null
  #trouble: string | null = null
  #state = initialViewState

  constructor(dependencies: LiveViewDependencies) {
    this.#deps = dependencies
  }

  /** Shows it until the signal. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { clock, intervalMs } = this.#deps
    let nextAtMs = clock.monotonic()
    while (!signal.aborted) {
      if (clock.monotonic() >= nextAtMs) {
        await this.#look(signal)
        nextAtMs = clock.monotonic() + intervalMs
      }
      this.show()
      await this.#changed
        .wait({ signal, timeoutMs: Math.max(1, nextAtMs - clock.monotonic()) })
        .catch((reason: unknown) => {
          if (!signal.aborted) throw reason
        })
    }
  }

  /** A key was pressed. */
  press(key: string): void {
    const { state, wish } = pressKey(this.#state, key)
    this.#state = state
    if (wish === 'interrupt') this.#deps.onInterrupt()
    if (wish === 'leave') this.#deps.onLeave?.()
    this.#changed.notify()
  }

  /** The terminal has another size. */
  resize(): void {
    this.#deps.display.clear()
    this.#changed.notify()
  }

  /** Looks once more and shows it, without keys: the last picture. */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#look(signal)
    this.show()
  }

  show(): void {
    const { display, hasColours, leaving } = this.#deps
    const { columns, rows } = display
    const content = this.#content()
    const lines =
      content === null ? [[{ text: this.#trouble ?? '' }]] : viewLines(content, this.#state, { columns, rows }, leaving)
    display.draw(lines.map((line) => paint(line, columns, hasColours)))
  }

  #content(): ViewContent | null {
    if (this.#report === null) return null
    return {
      report: this.#report,
      ratesOfFlow: (flow) => this.#rates.ofFlow(flow),
      ratesOfTopic: (flow, topic) => this.#rates.ofTopic(flow, topic),
      progressOf: (flow) => this.#shownProgress.get(flow) ?? null,
      trouble: this.#trouble,
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, status } = this.#deps
    try {
      const report = await status({ signal })
      this.#report = report
      this.#trouble = null
      const nowMs = clock.monotonic()
      this.#rates.add(nowMs, report)
      this.#shownProgress = new Map(
        report.flows.map((flow) => {
          const progress = this.#progress.get(flow.flow) ?? new CatchUpProgress()
          this.#progress.set(flow.flow, progress)
          return [flow.flow, progress.add(nowMs, flow)]
        }),
      )
    } catch (error) {
      if (signal.aborted) return
      this.#trouble = describeError(error)
    }
  }
}
