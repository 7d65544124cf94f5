import type { EventFields, Observer } from './event.ts'

/**
 * How often each event happened, by flow. The label is bounded: flows come from the configuration.
 * Everything that is counted is also said, since both come from the same event.
 */
export class EventCounters implements Observer {
  readonly #counts = new Map<string, Map<string, number>>()

  event(name: string, fields: EventFields): void {
    const flow = typeof fields.flow === 'string' ? fields.flow : ''
    const byFlow = this.#counts.get(name) ?? new Map<string, number>()
    byFlow.set(flow, (byFlow.get(flow) ?? 0) + 1)
    this.#counts.set(name, byFlow)
  }

  /** @param flow   absent: over all flows */
  count(name: string, flow?: string): number {
    const byFlow = this.#counts.get(name)
    if (byFlow === undefined) return 0
    if (flow !== undefined) return byFlow.get(flow) ?? 0
    return [...byFlow.values()].reduce((sum, count) => sum + count, 0)
  }

  /** All counts, sorted by event and flow. */
  entries(): { readonly event: string; readonly flow: string; readonly count: number }[] {
    const all = [...this.#counts].flatMap(([event, byFlow]) =>
      [...byFlow].map(([flow, count]) => ({ event, flow, count })),
    )
    return all.sort((a, b) => a.event.localeCompare(b.event) || a.flow.localeCompare(b.flow))
  }
}
