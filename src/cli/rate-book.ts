import type { FlowReport, StatusReport } from '../control/status-report.ts'
import { RateMeter } from './rate-meter.ts'
import type { Rates } from './rate-meter.ts'

const nothing: Rates = { recordsPerSecond: 0, bytesPerSecond: 0 }

/** Rates of flows and topics over the last few seconds, from one report after another. */
export class RateBook {
  #meters = new Map<string, RateMeter>()
  #rates = new Map<string, Rates>()

  /** @param atMs   monotonic clock */
  add(atMs: number, { flows }: StatusReport): void {
    const former = this.#meters
    this.#meters = new Map()
    this.#rates = new Map()
    for (const flow of flows) {
      this.#note(former, flow.flow, atMs, flow)
      for (const topic of flow.topics) this.#note(former, keyOf(flow.flow, topic.topic), atMs, topic)
    }
  }

  ofFlow(flow: string): Rates {
    return this.#rates.get(flow) ?? nothing
  }

  ofTopic(flow: string, topic: string): Rates {
    return this.#rates.get(keyOf(flow, topic)) ?? nothing
  }

  #note(
    former: ReadonlyMap<string, RateMeter>,
    key: string,
    atMs: number,
    { recordsTotal, bytesTotal }: Pick<FlowReport, 'recordsTotal' | 'bytesTotal'>,
  ): void {
    const meter = former.get(key) ?? new RateMeter()
    this.#meters.set(key, meter)
    this.#rates.set(key, meter.add(atMs, recordsTotal, bytesTotal))
  }
}

function keyOf(flow: string, topic: string): string {
  return `${flow}\n${topic}`
}
