import { compareTopic } from './comparison.ts'
import type { CopiedTopic } from './comparison.ts'
import { writePiece } from './demo-cluster.ts'
import type { DemoCluster } from './demo-cluster.ts'
import { startMirror, totalsOf } from './mirror-process.ts'
import type { MirrorEvent } from './mirror-process.ts'
import type { Narrator } from './narrator.ts'
import { audit, demoTopics, orders, pageViews } from './record-stream.ts'
import type { DemoTopic, StreamPiece } from './record-stream.ts'

export interface BoundedRunOptions {
  readonly clusters: readonly [DemoCluster, DemoCluster]
  readonly file: string
  readonly narrator: Narrator
}

/** Records in one call of the producer: more would only cost memory. */
const pieceCount = 10_000
const statusIntervalSeconds = 0.1

/**
 * Writes a bounded amount on both clusters, lets twinlog copy it both ways and end, and compares all copies.
 * @returns whether everything arrived as it was
 */
export async function runBounded({ clusters, file, narrator }: BoundedRunOptions): Promise<boolean> {
  const [eu, us] = clusters
  narrator.head('Writing')
  const written = await Promise.all([
    writeAll(eu, us, { orders: 20_000, pageViews: 100_000, transactions: 60 }),
    writeAll(us, eu, { orders: 10_000, pageViews: 50_000, transactions: 30 }),
  ])
  const topics = written.flat()
  narrator.say(`  written after ${narrator.elapsedSeconds} s`)
  for (const { source, topic, count } of topics)
    narrator.say(`  ${source.alias}  ${topic.padEnd(11)} ${figure(count).padStart(8)} records`)

  narrator.head('Mirroring both ways: ./bin/twinlog mm2.properties --until-caught-up')
  const meter = new CopyMeter()
  await using mirror = await startMirror({
    file,
    statusIntervalSeconds,
    isUntilCaughtUp: true,
    onEvent: (event) => {
      meter.take(event)
      if (event.event !== 'StatusReported') narrator.mirrorEvent(event)
    },
  })
  const exitCode = await mirror.waitForEnd()
  if (exitCode !== 0) {
    narrator.say(`  twinlog ended with exit code ${exitCode}`)
    return false
  }
  narrator.say(`  ${meter.text()}`)
  return compareAll(topics, narrator)
}

async function compareAll(topics: readonly CopiedTopic[], narrator: Narrator): Promise<boolean> {
  narrator.head("Comparing both sides, as Kafka's console consumer prints them")
  let isEqual = true
  for (const copied of topics) {
    const { source, target, topic, remoteTopic } = copied
    const { comparedCount, differences } = await compareTopic(copied)
    const verdict = differences.length === 0 ? `${figure(comparedCount)} records equal` : 'DIFFERENT'
    narrator.say(`  ${source.alias} ${topic.padEnd(11)} = ${target.alias} ${remoteTopic.padEnd(14)} ${verdict}`)
    for (const difference of differences) narrator.quote(difference)
    if (differences.length > 0) isEqual = false
  }
  return isEqual
}

/** @returns what was written, with the name that each copy is going to have */
async function writeAll(
  source: DemoCluster,
  target: DemoCluster,
  counts: { readonly orders: number; readonly pageViews: number; readonly transactions: number },
): Promise<CopiedTopic[]> {
  const { alias } = source
  const write = async (topic: DemoTopic, total: number, make: (count: number) => StreamPiece): Promise<CopiedTopic> => {
    let count = 0
    for (let left = total; left > 0; left -= pieceCount) {
      const piece = make(Math.min(left, pieceCount))
      await writePiece(source, topic, piece)
      count += piece.committedCount
    }
    return { source, target, topic: topic.name, remoteTopic: `${alias}.${topic.name}`, count }
  }
  return Promise.all([
    write(demoTopics.orders, counts.orders, (count) => orders(alias, count)),
    write(demoTopics.pageViews, counts.pageViews, (count) => pageViews(alias, count)),
    write(demoTopics.audit, counts.transactions, (count) => audit(alias, count)),
  ])
}

/** Takes the time of the copying from twinlog's own status lines. */
class CopyMeter {
  #firstMs = NaN
  /** Of the last status that showed nothing copied. */
  #idleMs = NaN
  #doneMs = NaN
  #records = 0
  #bytes = 0

  take(event: MirrorEvent): void {
    const timeMs = Date.parse(event.time)
    if (Number.isNaN(this.#firstMs)) this.#firstMs = timeMs
    const totals = totalsOf(event)
    if (totals === undefined) return
    if (totals.records === 0 && this.#records === 0) this.#idleMs = timeMs
    // A flow that has ended counts nothing any more.
    if (totals.records <= this.#records) return
    this.#doneMs = timeMs
    this.#records = totals.records
    this.#bytes = totals.bytes
  }

  text(): string {
    const seconds = (this.#doneMs - this.#idleMs) / 1_000
    const startSeconds = (this.#idleMs - this.#firstMs) / 1_000
    const rates = `${figure(this.#records / seconds)} records/s, ${(this.#bytes / 1e6 / seconds).toFixed(1)} MB/s`
    return `Copied ${figure(this.#records)} records, ${(this.#bytes / 1e6).toFixed(1)} MB as compressed, in ${seconds.toFixed(1)} s after ${startSeconds.toFixed(1)} s of starting and creating topics: ${rates}`
  }
}

function figure(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
