/*
 * What a scrape of /metrics costs, without a network: node bench/micro-scrape.ts [results.json]
 * Partitions of one flow that have copied something, told one by one (twinlog.metrics.partitions.max above their number) and added up by topic.
 * Each figure is the median of seven scrapes; "held up" is the longest time for which nothing else could run during any of them.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { FlowReading } from '../src/control/flow-reading.ts'
import { metricReaders } from '../src/control/metric-readers.ts'
import { EventCounters } from '../src/observe/counters.ts'
import { metricsText } from '../src/observe/metrics-text.ts'
import { ProcessFigures } from '../src/observe/process-figures.ts'
import { LaneFigures } from '../src/pipeline/lane-figures.ts'
import type { LaneTotals, PartitionStatus } from '../src/pipeline/lane-status.ts'
import { PartitionFigures } from '../src/pipeline/partition-figures.ts'

const PARTITIONS_A_TOPIC = 10
const ROUNDS = 7

interface ScrapeCost {
  readonly partitions: number
  readonly level: 'partition' | 'topic'
  readonly seriesCount: number
  readonly pageBytes: number
  readonly cpuMs: number
  readonly wallMs: number
  readonly heldUpMs: number
}

function flowOf(partitionsCount: number): FlowReading {
  const partitions = Array.from({ length: partitionsCount }, (_, index): PartitionStatus => {
    const figures = new PartitionFigures()
    figures.latencyMs.note(index % 1000, 10, 1000, 0)
    figures.ageMs.note(index % 1000, 10, 0, 0)
    const topic = `department-${Math.floor(index / PARTITIONS_A_TOPIC)}.orders`
    return {
      topic,
      partition: index % PARTITIONS_A_TOPIC,
      targetTopic: `eu.${topic}`,
      phase: 'copying',
      reason: null,
      heldUpBy: null,
      nextOffset: 1e9 + index,
      endOffset: 1e9 + index + 5,
      isEndKnown: true,
      lagRecords: 5,
      lagSeconds: 0.123,
      oldestAgeSeconds: 0.234,
      recordsTotal: 1e9 + index,
      bytesTotal: 1e12 + index,
      activeRecords: 5,
      activeBytes: 500,
      figures,
    }
  })
  const totals = { dropped: {} } as LaneTotals
  const lane = { totals, partitions, figures: new LaneFigures(false), buffer: { usedBytes: 0, totalBytes: 1 } }
  const plain = {
    trouble: null,
    owner: null,
    gapsTotal: 0,
    duties: [],
    groups: null,
    isHeartbeatsOnly: false,
    positions: null,
    ledger: null,
  } as const
  const nameFormats = ['legacy'] as const
  return { name: 'eu->us', source: 'eu', target: 'us', state: { name: 'copying' }, lane, nameFormats, ...plain }
}

async function scrape(flow: FlowReading, partitionsMax: number): Promise<{ text: string; heldUpMs: number }> {
  using figures = new ProcessFigures({ version: '0', startedAtMs: 0, monotonic: () => performance.now() })
  const events = new EventCounters([flow.name]).readers()
  let turnMs = performance.now()
  let heldUpMs = 0
  const note = (): void => {
    heldUpMs = Math.max(heldUpMs, performance.now() - turnMs)
    turnMs = performance.now()
  }
  const process = figures.readers.bind(figures)
  const readers = metricReaders({ flows: [flow], events, process, partitionsMax, nowMs: Date.now() })
  const pieces: string[] = []
  // A piece is what is made between two turns of the event loop.
  for await (const piece of metricsText(readers, 'prometheus')) {
    note()
    pieces.push(piece)
  }
  return { text: pieces.join(''), heldUpMs }
}

async function measure(partitions: number, level: 'partition' | 'topic'): Promise<ScrapeCost> {
  const flow = flowOf(partitions)
  const partitionsMax = level === 'partition' ? partitions : partitions - 1
  const cpuMs: number[] = []
  const wallMs: number[] = []
  let heldUpMs = 0
  let text = ''
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    const usage = process.cpuUsage()
    const scraped = await scrape(flow, partitionsMax)
    const { user, system } = process.cpuUsage(usage)
    cpuMs.push((user + system) / 1000)
    wallMs.push(performance.now() - start)
    // The first one compiles.
    if (round > 0) heldUpMs = Math.max(heldUpMs, scraped.heldUpMs)
    text = scraped.text
  }
  const seriesCount = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  return {
    partitions,
    level,
    seriesCount,
    pageBytes: Buffer.byteLength(text),
    cpuMs: median(cpuMs),
    wallMs: median(wallMs),
    heldUpMs: Math.round(heldUpMs * 10) / 10,
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? NaN) * 10) / 10
}

const costs: ScrapeCost[] = []
for (const partitions of [100, 1_000, 10_000])
  for (const level of ['partition', 'topic'] as const) costs.push(await measure(partitions, level))
for (const { partitions, level, seriesCount, pageBytes, cpuMs, wallMs, heldUpMs } of costs)
  console.log(
    `${partitions} partitions by ${level}: ${seriesCount} series, ${(pageBytes / 1e6).toFixed(2)} MB, ${cpuMs} ms processor, ${wallMs} ms, held up ${heldUpMs} ms`,
  )
const [file] = process.argv.slice(2)
if (file !== undefined) {
  const measured = { node: process.version, processor: cpus()[0]?.model, date: new Date().toISOString(), costs }
  writeFileSync(file, `${JSON.stringify(measured, null, 2)}\n`)
}
