import assert from 'node:assert/strict'
import type { AdminTarget } from '../../dev/kafka/admin.ts'
import { dumpRecords } from '../../dev/kafka/records.ts'
import { readSequences } from '../../dev/kafka/sequences.ts'

/** A gap as the ledger on the target holds it. */
export interface SaidGap {
  readonly topic: string
  readonly partition: number
  readonly fromOffset: number
  /** Exclusive; Infinity where the ledger does not know it. */
  readonly toOffset: number
}

type Range = readonly [first: number, last: number]

/** Every gap that twinlog has written down for a source. */
export async function readSaidGaps({ adminProperties: client }: AdminTarget, alias: string): Promise<SaidGap[]> {
  const records = await dumpRecords({ client, topic: `mm2-ledger.${alias}.internal` })
  const found = new Map<string, SaidGap>()
  for (const { key } of records) {
    const [, topic, partition, from, to] = /^gap\/(.+)\/(\d+)\/(\d+)\/(\d+|\?)$/.exec(String(key)) ?? []
    if (topic === undefined) continue
    const toOffset = to === '?' ? Infinity : Number(to)
    found.set(String(key), { topic, partition: Number(partition), fromOffset: Number(from), toOffset })
  }
  return [...found.values()]
}

/**
 * Fails unless a copy holds, in order and once, all numbers from 0 to what was acknowledged, but for exactly those that gaps were said for. For topics whose records
 * carry their offsets as keys (`generateRecords` on a new topic).
 * @param acked   records written to each partition
 * @returns how many records are in gaps
 */
export async function assertOnlyGapsMissing(
  target: AdminTarget,
  remote: string,
  acked: Readonly<Record<string, number>>,
  gaps: readonly SaidGap[],
): Promise<number> {
  const found = await readSequences({ client: target.adminProperties, topic: remote, isolation: 'read_uncommitted' })
  let missingCount = 0
  for (const [partition, count] of Object.entries(acked)) {
    const ranges = found[partition]?.ranges ?? []
    assertAscending(ranges, `${remote} partition ${partition}`)
    const holes = holesOf(ranges, count)
    const said = union(gaps.filter((gap) => gap.partition === Number(partition)).map(rangeOf))
    assert.deepEqual(holes, said, `${remote} partition ${partition}: what is missing is what was said`)
    missingCount += holes.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  }
  return missingCount
}

/** Fails when a number comes twice or out of order. */
export function assertAscending(ranges: readonly Range[], what: string): void {
  ranges.forEach(([first], index) => {
    const before = ranges[index - 1]
    assert.ok(before === undefined || before[1] < first, `${what}: ${first} comes after ${before?.[1]}`)
  })
}

function rangeOf({ fromOffset, toOffset }: SaidGap): Range {
  return [fromOffset, toOffset - 1]
}

function holesOf(ranges: readonly Range[], count: number): Range[] {
  const holes: Range[] = []
  let next = 0
  for (const [first, last] of [...ranges, [count, count] as const]) {
    if (first > next) holes.push([next, first - 1])
    next = last + 1
  }
  return holes
}

function union(ranges: readonly Range[]): Range[] {
  const joined: [number, number][] = []
  for (const [first, last] of [...ranges].sort((one, other) => one[0] - other[0])) {
    const before = joined.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else joined.push([first, last])
  }
  return joined
}
