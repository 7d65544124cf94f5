import { describeError } from '../observe/error-text.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { EventFields, Observer } from '../observe/event.ts'

/** Why a flow waits for its clusters, from what it says itself. */
export class FlowTrouble implements Observer<EventName> {
  readonly #byCluster = new Map<string, string>()

  /** For people; null: nothing is known to be in the way. */
  get reason(): string | null {
    return this.#byCluster.size === 0 ? null : [...this.#byCluster.values()].join(' ')
  }

  event(name: EventName, { cluster, error }: EventFields): void {
    if (name === 'ClusterUnreachable') this.#byCluster.set(String(cluster), describeError(error))
    if (name === 'ClusterReached' || name === 'ClusterCameBack') this.#byCluster.delete(String(cluster))
  }
}
