import { assert } from '../base/assert.ts'
import { errors } from '../base/errors.ts'
import { PackedReader, PackedWriter } from './packed-bytes.ts'
import type { Run } from './run.ts'
import { SEQUENCE_MODULUS, sequenceDistance } from './run.ts'
import { readRuns, writeRuns } from './run-codec.ts'

const BLOCK_RUNS = 256

/** Runs in columns. `positions` are sequences that go on past 2^31, so that order is plain order. */
interface Columns {
  readonly positions: number[]
  readonly upstreams: number[]
  /** -1: not known. */
  readonly downstreams: number[]
}

/**
 * The runs of a partition by index, oldest first, with positions that rise strictly. The newest stand in plain arrays, the older ones in
 * packed blocks of 256 (about 2 bytes a run, next to nothing where they repeat), of which one is unpacked at a time.
 * The first run of every block is kept unpacked: a binary search unpacks one block only.
 */
export class RunList {
  readonly #tail: Columns = { positions: [], upstreams: [], downstreams: [] }
  readonly #firsts: Columns = { positions: [], upstreams: [], downstreams: [] }
  readonly #blocks: Buffer[] = []
  /** Runs at the front of the first block that were dropped. */
  #skippedCount = 0
  #unpacked: { readonly block: number; readonly columns: Columns } | null = null

  get length(): number {
    return this.#blocks.length * BLOCK_RUNS - this.#skippedCount + this.#tail.positions.length
  }

  position(index: number): number {
    return this.#at('positions', index)
  }

  upstream(index: number): number {
    return this.#at('upstreams', index)
  }

  downstream(index: number): number {
    return this.#at('downstreams', index)
  }

  /** @param position above that of the last run, by less than 2^30 */
  push(position: number, upstream: number, downstream: number): void {
    push(this.#tail, position, upstream, downstream)
    if (this.#tail.positions.length === 2 * BLOCK_RUNS) this.#pack()
  }

  /** Takes the last run away. */
  pop(): void {
    if (this.#tail.positions.length === 0 && this.#blocks.length > 0) this.#unpackLast()
    for (const column of columnsOf(this.#tail)) column.pop()
    if (this.length === 0) this.#skippedCount = 0
  }

  /** Takes the first `count` runs away. */
  dropFirst(count: number): void {
    let rest = count + this.#skippedCount
    const blockCount = Math.min(Math.floor(rest / BLOCK_RUNS), this.#blocks.length)
    this.#blocks.splice(0, blockCount)
    for (const column of columnsOf(this.#firsts)) column.splice(0, blockCount)
    this.#unpacked = null
    rest -= blockCount * BLOCK_RUNS
    this.#skippedCount = this.#blocks.length === 0 ? 0 : rest
    if (this.#blocks.length === 0) for (const column of columnsOf(this.#tail)) column.splice(0, rest)
  }

  /** The middle of a range, moved to the start of its block while the range spans several: that run needs no unpacking. */
  middleOf(low: number, high: number): number {
    const middle = (low + high) >>> 1
    const blockStart = middle - ((middle + this.#skippedCount) % BLOCK_RUNS)
    return blockStart > low ? blockStart : middle
  }

  /**
   * @param column one that rises in [start, end)
   * @returns index of the last run in [start, end) whose value is at most `limit`; -1 when there is none
   */
  lastAtOrBefore(column: 'positions' | 'upstreams', limit: number, start: number, end: number): number {
    let low = start
    let high = end
    while (low < high) {
      const middle = this.middleOf(low, high)
      if (this.#at(column, middle) <= limit) low = middle + 1
      else high = middle
    }
    return low > start ? low - 1 : -1
  }

  #at(column: keyof Columns, index: number): number {
    const stored = index + this.#skippedCount
    const block = Math.floor(stored / BLOCK_RUNS)
    if (block >= this.#blocks.length) return valueAt(this.#tail[column], stored - this.#blocks.length * BLOCK_RUNS)
    const inBlock = stored - block * BLOCK_RUNS
    return inBlock === 0 ? valueAt(this.#firsts[column], block) : valueAt(this.#unpack(block)[column], inBlock)
  }

  /** Moves the older half of the tail into a block. */
  #pack(): void {
    const runs: Run[] = []
    for (let index = 0; index < BLOCK_RUNS; index++) {
      runs.push({
        upstream: valueAt(this.#tail.upstreams, index),
        sequence: sequenceAt(valueAt(this.#tail.positions, index)),
        downstream: valueAt(this.#tail.downstreams, index),
      })
    }
    const writer = new PackedWriter()
    writeRuns(writer, runs)
    const { positions, upstreams, downstreams } = this.#tail
    push(this.#firsts, valueAt(positions, 0), valueAt(upstreams, 0), valueAt(downstreams, 0))
    this.#blocks.push(writer.finish())
    for (const column of columnsOf(this.#tail)) column.splice(0, BLOCK_RUNS)
  }

  #unpackLast(): void {
    const { positions, upstreams, downstreams } = this.#unpack(this.#blocks.length - 1)
    this.#tail.positions.push(...positions)
    this.#tail.upstreams.push(...upstreams)
    this.#tail.downstreams.push(...downstreams)
    this.#blocks.pop()
    this.#unpacked = null
    for (const column of columnsOf(this.#firsts)) column.pop()
    if (this.#blocks.length > 0 || this.#skippedCount === 0) return
    for (const column of columnsOf(this.#tail)) column.splice(0, this.#skippedCount)
    this.#skippedCount = 0
  }

  #unpack(block: number): Columns {
    if (this.#unpacked?.block === block) return this.#unpacked.columns
    const bytes = this.#blocks[block]
    assert(bytes !== undefined, `run block ${block}`)
    const runs = readRuns(new PackedReader(bytes, (reason) => errors.DEFECT({ what: `a packed run block: ${reason}` })))
    const columns: Columns = { positions: [], upstreams: [], downstreams: [] }
    let position = valueAt(this.#firsts.positions, block)
    for (const { upstream, sequence, downstream } of runs) {
      position += sequenceDistance(sequenceAt(position), sequence)
      push(columns, position, upstream, downstream)
    }
    this.#unpacked = { block, columns }
    return columns
  }
}

/** The sequence of a position; positions may be negative after a rewind across the wrap. */
export function sequenceAt(position: number): number {
  return ((position % SEQUENCE_MODULUS) + SEQUENCE_MODULUS) % SEQUENCE_MODULUS
}

function push(columns: Columns, position: number, upstream: number, downstream: number): void {
  columns.positions.push(position)
  columns.upstreams.push(upstream)
  columns.downstreams.push(downstream)
}

function columnsOf({ positions, upstreams, downstreams }: Columns): readonly number[][] {
  return [positions, upstreams, downstreams]
}

function valueAt(values: readonly number[], index: number): number {
  const value = values[index]
  assert(value !== undefined, `run ${index} of ${values.length}`)
  return value
}
