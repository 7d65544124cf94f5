import type { HeartbeatFlowPlan } from '../mirror/flow-plan.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import { observers } from '../observe/observers.ts'
import { createFlowOwnership } from './create-flow-ownership.ts'
import { openTargetClusters, waitForTargetClusters } from './flow-clusters.ts'
import type { TargetClusters } from './flow-clusters.ts'
import { DutyRunner } from './flow-duty.ts'
import type { FlowOwnership } from './flow-ownership.ts'
import type { FlowReading } from './flow-reading.ts'
import type { FlowRunnerDependencies } from './flow-runner.ts'
import type { FlowState } from './flow-state.ts'
import { ownerSummary } from './flow-summary.ts'
import { FlowTrouble } from './flow-trouble.ts'
import { HeartbeatEmitter } from './heartbeat-emitter.ts'
import { runWhileOwner } from './owned-run.ts'
import type { OwnedOptions } from './owned-run.ts'
import type { FlowProgress, SupervisedFlow } from './supervisor.ts'

/** Runs a flow that is not enabled: it only writes heartbeats to its target, and does not touch its source. */
export class HeartbeatFlowRunner implements SupervisedFlow {
  readonly name: string
  readonly #plan: HeartbeatFlowPlan
  readonly #deps: FlowRunnerDependencies
  readonly #strays = new Set<string>()
  readonly #trouble = new FlowTrouble()
  #ownership: FlowOwnership | null = null
  #duty: DutyRunner | null = null

  constructor(plan: HeartbeatFlowPlan, deps: FlowRunnerDependencies) {
    this.name = plan.name
    this.#plan = plan
    const observe: Observer<EventName> = observers(deps.observe, this.#trouble)
    this.#deps = { ...deps, observe }
  }

  reading(state: FlowState): FlowReading {
    return {
      name: this.name,
      source: this.#plan.source.alias,
      target: this.#plan.target.alias,
      isHeartbeatsOnly: true,
      state,
      trouble: this.#trouble.reason,
      owner: ownerSummary(this.#ownership),
      gapsTotal: 0,
      lane: null,
      positions: null,
      ledger: null,
      duties: this.#duty === null ? [] : [this.#duty.status()],
      groups: null,
      nameFormats: [],
    }
  }

  async run({ signal, report }: { signal: AbortSignal; report: (event: FlowProgress) => void }): Promise<void> {
    await using resources = new AsyncDisposableStack()
    const clusters = openTargetClusters(this.#plan, this.#deps, resources)
    await waitForTargetClusters(clusters, { signal })
    report({ name: 'clusters-reachable' })
    const onStandby = (cause: string) => {
      this.#duty = null
      report({ name: 'standing-by', cause })
    }
    const deps = { ...this.#deps, clusters, strays: this.#strays, onStandby }
    const ownership = createFlowOwnership(this.#plan, deps)
    this.#ownership = ownership
    await runWhileOwner(ownership, (options) => this.#emit(clusters, options), { signal, report })
  }

  async #emit(clusters: TargetClusters, { signal, report }: OwnedOptions): Promise<void> {
    const { clock, random, observe, heartbeats } = this.#deps
    const { name: flow, target } = this.#plan
    const emitter = new HeartbeatEmitter(this.#plan, {
      admin: clusters.targetAdmin,
      data: clusters.targetData,
      clock,
      onTopicThere: () => heartbeats.noteTopic(target.alias),
    })
    const duty = new DutyRunner(emitter, { flow, clock, random, observe })
    this.#duty = duty
    report({ name: 'started' })
    observe.event('HeartbeatsStarted', { flow, cluster: target.alias })
    await duty.run({ signal })
    signal.throwIfAborted()
  }
}
