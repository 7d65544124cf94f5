import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { mustRun } from '../../dev/kafka/command.ts'
import { installKafka } from '../../dev/kafka/install.ts'
import { encodeOffsetSyncKey, encodeOffsetSyncValue } from '../../src/mirror/offset-sync.ts'
import { OffsetTrail } from '../../src/mirror/offset-trail.ts'
import { SeededRandom } from '../support/seeded-random.ts'

/** Records without holes between them: [upstream, downstream, count]. */
type Run = readonly [upstream: number, downstream: number, count: number]

interface Copy {
  readonly name: string
  readonly runs: readonly Run[]
  /** Records of a batch, and about how many are acknowledged in a second. */
  readonly batch: number
  readonly perSecond: number
}

const RECORDS = 200_000

function copyOf(name: string, runLength: number, hole: number, batch: number, perSecond: number): Copy {
  const runs: Run[] = []
  for (let copied = 0, upstream = 5_000; copied < RECORDS; copied += runLength, upstream += runLength + hole)
    runs.push([upstream, copied + 70, runLength])
  return { name, runs, batch, perSecond }
}

const copies: readonly Copy[] = [
  copyOf('no holes, 20,000 records a second', RECORDS, 0, 500, 20_000),
  copyOf('no holes, 700 records a second in batches of one', RECORDS, 0, 1, 700),
  copyOf('transactions of 50 records', 50, 1, 50, 6_000),
  copyOf('compacted: two of three records are gone', 1, 2, 400, 10_000),
]

/** What a flow writes of such a copy, a second after the other. */
function syncsOf({ runs, batch, perSecond }: Copy): [key: string, value: string][] {
  const random = new SeededRandom(7)
  const trail = new OffsetTrail(false)
  const syncs: [string, string][] = []
  const key = encodeOffsetSyncKey({ topic: 't', partition: 0 }).toString('hex')
  let untilFlush = perSecond
  for (const [first, downstream, count] of runs) {
    for (let begun = 0; begun < count; begun += batch) {
      trail.note(first + begun, Math.min(batch, count - begun), downstream + begun)
      untilFlush -= Math.min(batch, count - begun)
      if (untilFlush > 0) continue
      for (const pair of trail.take()) syncs.push([key, encodeOffsetSyncValue(pair).toString('hex')])
      untilFlush = perSecond * (0.5 + random.next())
    }
  }
  for (const pair of trail.take()) syncs.push([key, encodeOffsetSyncValue(pair).toString('hex')])
  return syncs
}

/** Downstream offset of the first record at or after an upstream offset. */
function exactOf(runs: readonly Run[], group: number): number {
  const run = runs.find(([upstream, , count]) => upstream + count > group)
  if (run === undefined) return RECORDS + 70
  return run[1] + Math.max(0, group - run[0])
}

async function translate(cases: readonly object[]): Promise<number[][]> {
  const { classPath } = await installKafka()
  const classes = mkdtempSync(join(tmpdir(), 'twinlog-oracle-'))
  try {
    const source = fileURLToPath(new URL('OffsetSyncOracle.java', import.meta.url))
    await mustRun('javac', ['-nowarn', '-Xlint:none', '-cp', classPath, '-d', classes, source])
    const main = 'org.apache.kafka.connect.mirror.OffsetSyncOracle'
    const { stdout } = await mustRun('java', ['-cp', `${classPath}:${classes}`, main], { stdin: JSON.stringify(cases) })
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number))
  } finally {
    rmSync(classes, { recursive: true })
  }
}

test("MirrorMaker 2's own store translates by our syncs never too far, and exactly at the head", async () => {
  const lags = [0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 190_000]
  const cases = copies.flatMap((copy) => {
    const [upstream = 0, , count = 0] = copy.runs.at(-1) ?? []
    const groups = lags.map((lag) => upstream + count - lag)
    return [
      { syncs: syncsOf(copy), groups },
      { runs: copy.runs, lagMax: 100, groups },
    ]
  })
  const translated = await translate(cases)
  for (const [index, { name, runs }] of copies.entries()) {
    const groups = cases[2 * index]?.groups ?? []
    const end = exactOf(runs, groups[0] ?? NaN)
    let ours = 0
    let theirs = 0
    for (const [at, group] of groups.entries()) {
      const exact = exactOf(runs, group)
      const lag = end - exact
      const readAgain = exact - (translated[2 * index]?.[at] ?? NaN)
      assert.ok(readAgain >= 0, `${name}: ${-readAgain} records are skipped by a group ${lag} behind`)
      assert.ok(readAgain <= 2 * lag + 8, `${name}: ${readAgain} records are read again by a group ${lag} behind`)
      ours += readAgain / (lag + 1)
      theirs += (exact - (translated[2 * index + 1]?.[at] ?? NaN)) / (lag + 1)
    }
    // Of compacted records MirrorMaker 2 writes a sync each, and so is nearer; ours are some twenty a second.
    assert.ok(ours <= Math.max(theirs, groups.length / 2), `${name}: ${ours} of ours, ${theirs} of MirrorMaker 2's`)
  }
})
