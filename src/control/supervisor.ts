import { createBackoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { failureKind } from './failure.ts'
import { initialFlowState, transitionFlow } from './flow-state.ts'
import type { FlowEffect, FlowEvent, FlowState } from './flow-state.ts'
import { describeError } from '../observe/error-text.ts'

/** One flow as the supervisor sees it. */
export interface SupervisedFlow {
  readonly name: string
  /**
   * Copies until the signal, then drains and resolves. Throws whatever makes it impossible to go on; it can be run again then.
   * @param report   to be told when the clusters answer and when copying begins
   */
  run(options: { readonly signal: AbortSignal; readonly report: (event: FlowProgress) => void }): Promise<void>
}

/** What a flow says about itself while it runs. */
export type FlowProgress = Extract<
  FlowEvent,
  { readonly name: 'clusters-reachable' | 'standing-by' | 'owned' | 'started' }
>

export interface SupervisorDependencies {
  readonly clock: Clock
  readonly random: () => number
  readonly observe: Observer<EventName>
}

const restartBackoffMs = 500
/** With jitter and the start itself less than the 5 s within which copying goes on when a cluster is back. */
const restartBackoffMaxMs = 3_000

/**
 * Runs all flows of the process side by side. A flow that fails because the world failed starts again after a back-off; one that
 * fails by its configuration or by a defect ends and is not tried again. No flow ever stops another.
 */
export class Supervisor {
  readonly #flows: readonly SupervisedFlow[]
  readonly #deps: SupervisorDependencies
  readonly #states = new Map<string, FlowState>()

  constructor(flows: readonly SupervisedFlow[], deps: SupervisorDependencies) {
    this.#flows = flows
    this.#deps = deps
    for (const { name } of flows) this.#states.set(name, initialFlowState)
  }

  /** The state of each flow by name. */
  states(): ReadonlyMap<string, FlowState> {
    return this.#states
  }

  /** Resolves when every flow has stopped or ended; never rejects. */
  async run({ signal }: { signal: AbortSignal }): Promise<void> {
    await Promise.all(this.#flows.map((flow) => this.#supervise(flow, signal)))
  }

  async #supervise(flow: SupervisedFlow, signal: AbortSignal): Promise<void> {
    const backoff = createBackoff(restartBackoffMs, restartBackoffMaxMs, this.#deps.random)
    const onStop = () => this.#send(flow, { name: 'stop-asked' })
    signal.addEventListener('abort', onStop, { once: true })
    try {
      if (signal.aborted) onStop()
      for (let isOn = !signal.aborted; isOn;) isOn = await this.#runOnce(flow, backoff, signal)
    } finally {
      signal.removeEventListener('abort', onStop)
    }
  }

  /** @returns whether the flow is to run again */
  async #runOnce(
    flow: SupervisedFlow,
    backoff: { next(): number; reset(): void },
    signal: AbortSignal,
  ): Promise<boolean> {
    const report = (event: FlowProgress) => {
      if (event.name === 'started') backoff.reset()
      this.#send(flow, event)
    }
    try {
      await flow.run({ signal, report })
      this.#finish(flow)
      return false
    } catch (error) {
      if (signal.aborted && isStopReason(error, signal)) {
        this.#finish(flow)
        return false
      }
      return await this.#recover(flow, error, backoff, signal)
    }
  }

  async #recover(
    flow: SupervisedFlow,
    error: unknown,
    backoff: { next(): number },
    signal: AbortSignal,
  ): Promise<boolean> {
    const effects = this.#send(flow, { name: 'failed', kind: failureKind(error), cause: describeError(error) })
    const isRestarted = effects.some(({ name }) => name === 'back-off')
    const retryMs = isRestarted ? backoff.next() : 0
    for (const effect of effects) if (effect.name === 'report') this.#report(flow, error, effect.isLoud, retryMs)
    if (!isRestarted) return false
    try {
      await this.#deps.clock.sleep(retryMs, { signal })
    } catch (reason) {
      if (!signal.aborted) throw reason
      return false
    }
    this.#send(flow, { name: 'retry-due' })
    return true
  }

  /** A flow that comes back without being asked to has nothing left to do. */
  #finish(flow: SupervisedFlow): void {
    this.#send(flow, { name: 'stop-asked' })
    this.#send(flow, { name: 'drained' })
    this.#deps.observe.event('FlowStopped', { flow: flow.name })
  }

  #send(flow: SupervisedFlow, event: FlowEvent): readonly FlowEffect[] {
    const before = this.#states.get(flow.name) ?? initialFlowState
    const { state, effects } = transitionFlow(before, event)
    this.#states.set(flow.name, state)
    if (state.name === 'draining' && before.name !== 'draining')
      this.#deps.observe.event('FlowDraining', { flow: flow.name })
    return effects
  }

  #report(flow: SupervisedFlow, error: unknown, isLoud: boolean, retryMs: number): void {
    const { observe } = this.#deps
    const state = this.#states.get(flow.name) ?? initialFlowState
    const fields = { flow: flow.name, error, retrySeconds: Math.ceil(retryMs / 1000) }
    if (state.name === 'ended') {
      observe.event('FlowEnded', state.kind === 'defect' ? { ...fields, stack: stackOf(error) } : fields)
    } else if (state.name === 'stopped') {
      observe.event('FlowStopFailed', fields)
    } else if (isLoud && state.name === 'retrying') {
      observe.event('FlowKeepsFailing', { ...fields, failuresCount: state.failures })
    } else {
      observe.event('FlowFailed', fields)
    }
  }
}

function isStopReason(error: unknown, signal: AbortSignal): boolean {
  return (
    error === signal.reason ||
    (error instanceof Error && (error.name === 'AbortError' || error.cause === signal.reason))
  )
}

/** For the JSON log of a defect: we need it to mend it; people never see it. */
function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined
}
