import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaCluster } from '../dev/kafka/cluster.ts'
import { connectTo } from './environment.ts'
import { endOffsets } from './kafka-requests.ts'

const POLL_MS = 100

/** Looks at a topic's end offsets; partition 0 is the one that is held. */
export async function watchPartitions(
  cluster: KafkaCluster,
  topic: string,
  { partitionsCount, brokerId = 1 }: { partitionsCount: number; brokerId?: number },
) {
  const connection = await connectTo(cluster, brokerId)
  const ends = async (): Promise<number[]> => (await endOffsets(connection, topic, partitionsCount)) ?? []

  /** @returns the others' rates, in records a second, and the longest time that one of them stood still */
  async function measure(seconds: number): Promise<{ rates: number[]; longestPauseMs: number }> {
    const first = await ends()
    const startedMs = performance.now()
    const last = first.map((offset) => ({ offset, changedMs: startedMs }))
    let longestPauseMs = 0
    while (performance.now() - startedMs < seconds * 1000) {
      await sleep(POLL_MS)
      const nowMs = performance.now()
      for (const [partition, offset] of (await ends()).entries()) {
        const seen = last[partition]
        if (seen === undefined || partition === 0) continue
        longestPauseMs = Math.max(longestPauseMs, nowMs - seen.changedMs)
        if (offset > seen.offset) last[partition] = { offset, changedMs: nowMs }
      }
    }
    const measuredSeconds = (performance.now() - startedMs) / 1000
    const rates = last.map(({ offset }, partition) => (offset - (first[partition] ?? 0)) / measuredSeconds)
    return { rates: rates.slice(1), longestPauseMs }
  }

  /** @returns seconds waited */
  async function waitFor(records: number, timeoutMs: number): Promise<number> {
    const startedMs = performance.now()
    while ((await ends()).reduce((total, offset) => total + offset, 0) < records) {
      if (performance.now() - startedMs > timeoutMs) return Number.POSITIVE_INFINITY
      await sleep(POLL_MS)
    }
    return (performance.now() - startedMs) / 1000
  }

  return { ends, measure, waitFor, [Symbol.dispose]: () => connection[Symbol.dispose]() }
}
