/*
 * npm run bench [-- --quick] [--only shape,shape] [--without contestant,contestant] [--rounds n]
 * The real MirrorMaker 2, twinlog, the bare copy and the relay floors on the same brokers in one run: docs/benchmarks.md.
 */
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { present, startEnvironment } from './environment.ts'
import type { Environment } from './environment.ts'
import { watchMemory } from '../scripts/memory-watch.ts'
import { describeMachine } from './machine.ts'
import type { Measurement } from './measurement.ts'
import { markdown } from './report.ts'
import type { Results } from './report.ts'
import { SHAPES } from './shapes.ts'
import type { Shape } from './shapes.ts'

const { values: options } = parseArgs({
  options: {
    /** Small data, one round, the three main shapes: under three minutes on an idle machine. */
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    without: { type: 'string' },
    rounds: { type: 'string' },
    /** Goes into the name of the result. */
    name: { type: 'string' },
  },
})

const only = options.only?.split(',')
const without = options.without?.split(',') ?? []
const roundsCount = Number(options.rounds ?? (options.quick ? 1 : 3))
const shapes = SHAPES.filter(({ name, isQuick }) => only?.includes(name) ?? (isQuick || !options.quick))
const unknown = only?.filter((name) => !SHAPES.some((shape) => shape.name === name)) ?? []
if (unknown.length > 0)
  throw new Error(`no shape ${unknown.join()}; there are ${SHAPES.map(({ name }) => name).join()}`)

// Seldom, so that it is not measured; the proxies of far clusters are in this very process.
using _watch = watchMemory({
  limitBytes: 8 * 2 ** 30,
  intervalMs: 10_000,
  onFound: ({ pid, command, rssBytes }) =>
    say(`process ${pid} took ${(rssBytes / 2 ** 30).toFixed(1)} GiB and is ended: ${command}`),
})
const startedAt = new Date()
const machine = describeMachine()
const measurements: Measurement[] = []
const failures: string[] = []
await measureAll()
process.exitCode = failures.length > 0 ? 1 : 0

/** A pair of clusters for each shape, so that none inherits another's topics and page cache; one for all is quicker. */
async function measureAll(): Promise<void> {
  await using shared = options.quick ? await startEnvironment() : undefined
  for (const shape of shapes) {
    await using own = shared === undefined ? await startEnvironment() : undefined
    const environment = shared ?? own
    if (environment === undefined) throw new Error('neither a shared pair of clusters nor one of its own')
    await measureShape(environment, shape)
  }
}

async function measureShape(environment: Environment, shape: Shape): Promise<void> {
  say(`${shape.name}: ${shape.what}`)
  const measure = await shape.prepare(environment, options.quick)
  const names = present(shape.contestants.filter((name) => !without.includes(name)))
  for (let round = 1; round <= roundsCount; round++) {
    // Each round begins with another one, so that nobody always follows the same neighbour.
    const order = names.map((_, index) => names[(index + round) % names.length] ?? 'bare-copy')
    for (const name of order)
      await keep(`${shape.name}, ${name}, round ${round}`, async () => [await measure(name, round)])
    const { floors } = shape
    if (floors !== undefined)
      await keep(`${shape.name}, floors, round ${round}`, () => floors(environment, round, options.quick))
  }
  await save(environment.source.version)
}

/** A failed run is said and kept apart; the others go on. */
async function keep(what: string, run: () => Promise<Measurement[]>): Promise<void> {
  try {
    for (const measurement of await run()) {
      measurements.push(measurement)
      say(`  ${measurement.contestant}, round ${measurement.round}: ${brief(measurement)}`)
    }
  } catch (cause) {
    failures.push(`${what}: ${String(cause)}`)
    say(`  FAILED: ${what}: ${String(cause)}`)
  }
}

function brief({ figures }: Measurement): string {
  const names = [
    'drainSeconds',
    'cpuSecondsPerGb',
    'peakRssMb',
    'startMs',
    'mbPerSecond',
    'p50Ms',
    'p99Ms',
    'idleCpuPercent',
    'othersShare',
    'longestTurnMs',
  ]
  return names
    .flatMap((name) => (figures[name] === undefined ? [] : [`${name} ${figures[name].toPrecision(3)}`]))
    .join(', ')
}

async function save(kafkaVersion: string): Promise<void> {
  const results: Results = {
    startedAt: startedAt.toISOString(),
    machine,
    kafkaVersion,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    }).trim(),
    options: { ...options, rounds: roundsCount },
    measurements,
    failures,
  }
  const what = options.name ?? (options.quick ? 'quick' : (options.only?.replaceAll(',', '+') ?? 'all'))
  const folder = join(import.meta.dirname, 'results')
  const file = join(folder, `${startedAt.toISOString().slice(0, 10)}-${what}`)
  await mkdir(folder, { recursive: true })
  await writeFile(`${file}.json`, `${JSON.stringify(results, null, 1)}\n`)
  await writeFile(`${file}.md`, markdown(results, SHAPES))
  say(`written: bench/results/${startedAt.toISOString().slice(0, 10)}-${what}.md`)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
