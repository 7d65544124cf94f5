import { BatchCursor } from './batch-cursor.ts'
import { blockDifferences } from './block-differences.ts'
import type { BlockDifference } from './block-differences.ts'
import { SideCursor } from './side-cursor.ts'
import type { OpenSupply } from './record-supply.ts'
import { RecordWindow } from './record-window.ts'
import { findResync, findTailResync } from './resync.ts'
import type { Resync } from './resync.ts'
import { isSameBatch } from './same-batch.ts'
import { isSameRecord } from './same-record.ts'
import type { Stretch } from './stretch.ts'

/** How far it is looked ahead, on both sides, for where they are alike again; beyond the last one they have diverged. */
const WINDOW_STEPS = [64, 1_024, 16_384, 131_072]
const WINDOW_BYTES_MAX = 256 * 1024 * 1024
/** So many target records before a difference are looked at to call a record a duplicate. */
const CONTEXT_COUNT = 1_024

/** Records next to each other that differ in the same way. Offsets are those of the first one; null: that side has none. */
export interface FoundDifference {
  readonly kind: BlockDifference['kind']
  readonly upstream: number | null
  readonly downstream: number | null
  readonly count: number
}

export interface ComparisonOptions {
  /** Verify each batch's CRC-32C on both sides. */
  readonly isChecked: boolean
  /** False where the target sets its own timestamps. */
  readonly hasTimestamps: boolean
  /** The source may have records at the end that are not copied yet. */
  readonly isNewest: boolean
  /** By the stored position everything before this upstream offset was copied; 0: nothing is known. */
  readonly copiedTo: number
  /** What the target has behind the source's last record does not count: where the stretch ends there is not known. */
  readonly isTargetEndOpen: boolean
  /** Stop at the first difference. */
  readonly isFirstEnough: boolean
  /** Stop after so many. */
  readonly differencesMax: number
  onDifference(difference: FoundDifference): Promise<void>
}

/** How a comparison came to its end. */
export type ComparisonEnd = 'done' | 'first difference' | 'too many differences' | 'diverged'

/** Why it does not go on record by record. */
type Halt = 'end' | 'difference' | 'source ended' | 'target ended'

/**
 * Compares a stretch of a partition with its copy: both are read at the same time, in order, and each batch of one is held against that of the other.
 * Where they are not the same bytes, record is held against record. At a difference it is looked ahead for where both go on alike.
 * `position` is where everything before was compared.
 */
export class StretchComparison {
  readonly #open: { readonly source: OpenSupply; readonly target: OpenSupply }
  readonly #stretch: Stretch
  readonly #options: ComparisonOptions
  #source: SideCursor
  #target: SideCursor
  /** Next offsets to be compared. */
  upstream: number
  downstream: number
  /** Records that are the same on both sides. */
  sameCount = 0
  differencesCount = 0
  /** Source records behind the target's end that are not copied yet are at or after this offset; null: there are none. */
  pendingFrom: number | null = null
  #sourceBytes = 0
  #targetBytes = 0

  constructor(
    open: { readonly source: OpenSupply; readonly target: OpenSupply },
    stretch: Stretch,
    options: ComparisonOptions,
  ) {
    this.#open = open
    this.#stretch = stretch
    this.#options = options
    this.upstream = stretch.upstreamFrom
    this.downstream = stretch.downstreamFrom
    this.#source = this.#openSource()
    this.#target = this.#openTarget()
  }

  /** Bytes of batches that were read. */
  get bytes(): { readonly source: number; readonly target: number } {
    return {
      source: this.#sourceBytes + this.#source.batches.passedBytes,
      target: this.#targetBytes + this.#target.batches.passedBytes,
    }
  }

  async run(): Promise<ComparisonEnd> {
    try {
      for (;;) {
        const halt = await this.#compareAlike()
        if (halt === 'end') return 'done'
        if (this.#options.isFirstEnough) return 'first difference'
        if (!(await this.#pass(halt))) return 'diverged'
        if (this.differencesCount >= this.#options.differencesMax) return 'too many differences'
      }
    } finally {
      await this.#close()
    }
  }

  // --- alike ------------------------------------------------------------------------------------------------------------

  /** Goes on as long as both sides are the same. */
  async #compareAlike(): Promise<Halt> {
    for (;;) {
      const hasSource = await this.#source.load()
      const hasTarget = await this.#target.load()
      if (!hasSource && !hasTarget) return this.#end()
      if (!hasTarget && this.#isPending(this.#source.offset)) {
        this.pendingFrom = this.#source.offset
        return this.#end()
      }
      if (!hasSource) return this.#options.isTargetEndOpen ? this.#endWithSource() : 'source ended'
      if (!hasTarget) return 'target ended'
      if (!this.#passSame()) return 'difference'
    }
  }

  /** Everything of the stretch was looked at. */
  #end(): 'end' {
    this.upstream = this.pendingFrom ?? Math.max(this.upstream, this.#stretch.upstreamTo)
    this.downstream = Math.max(this.downstream, this.#stretch.downstreamTo)
    return 'end'
  }

  #endWithSource(): 'end' {
    this.upstream = Math.max(this.upstream, this.#stretch.upstreamTo)
    return 'end'
  }

  /** Whether a source record that the target does not have may be one that is not copied yet. */
  #isPending(upstream: number): boolean {
    return this.#options.isNewest && upstream >= this.#options.copiedTo
  }

  /** Passes what is the same until one side needs more. @returns false at a difference */
  #passSame(): boolean {
    const source = this.#source
    const target = this.#target
    const { hasTimestamps } = this.#options
    while (source.isAtWholeBatch && target.isAtWholeBatch) {
      const { recordCount } = source.batches.header
      if (!isSameBatch(source.batches, target.batches, hasTimestamps)) break
      this.sameCount += recordCount
      this.upstream = source.batches.header.lastOffset + 1
      this.downstream = target.batches.header.lastOffset + 1
      source.passBatch()
      target.passBatch()
    }
    while (source.findRecord() && target.findRecord()) {
      if (!isSameRecord(source.walk, target.walk, hasTimestamps)) return false
      this.sameCount++
      this.upstream = source.walk.offset + 1
      this.downstream = target.walk.offset + 1
      source.passRecord()
      target.passRecord()
      if (!source.findRecord() || !target.findRecord()) break
    }
    return true
  }

  // --- differences ------------------------------------------------------------------------------------------------------

  /** Tells what is different and goes on behind it. @returns false when both sides do not go on alike */
  async #pass(halt: Exclude<Halt, 'end'>): Promise<boolean> {
    if (halt === 'target ended') {
      await this.#passMissing()
      return true
    }
    if (halt === 'source ended') {
      await this.#passExtra()
      return true
    }
    return this.#passDifference()
  }

  /** The source has more than the target, which by the positions was copied. */
  async #passMissing(): Promise<void> {
    const first = this.#source.offset
    const count = await countRecords(this.#source, (offset) => !this.#isPending(offset))
    await this.#emit({ kind: 'missing', upstream: first, downstream: null, count })
  }

  /** The target has more than the source. */
  async #passExtra(): Promise<void> {
    const first = this.#target.offset
    const source = new RecordWindow()
    source.isAtEnd = true
    const target = new RecordWindow()
    await this.#fill(this.#target, target, CONTEXT_COUNT)
    if (target.isAtEnd) return this.#tell(source, target, { sourceCount: 0, targetCount: target.length })
    const count = target.length + (await countRecords(this.#target, () => true))
    await this.#emit({ kind: 'extra', upstream: null, downstream: first, count })
  }

  /** Finds where both sides go on alike, tells what lies between, and goes on there. @returns false when they do not */
  async #passDifference(): Promise<boolean> {
    const source = new RecordWindow()
    const target = new RecordWindow()
    for (const count of WINDOW_STEPS) {
      await this.#fill(this.#source, source, count)
      await this.#fill(this.#target, target, count)
      const resync = this.#resync(source, target)
      if (resync !== null) {
        await this.#tell(source, target, resync)
        await this.#goOn(source, target, resync)
        return true
      }
      if (this.#windowBytes() > WINDOW_BYTES_MAX) break
    }
    await this.#emit({ kind: 'changed', upstream: source.offset(0), downstream: target.offset(0), count: 1 })
    return false
  }

  #resync(source: RecordWindow, target: RecordWindow): Resync | null {
    const { isNewest, copiedTo } = this.#options
    const found = findResync(source, target, { hasCommonEnd: !isNewest || copiedTo >= this.#stretch.upstreamTo })
    if (found !== null || !isNewest || !target.isAtEnd) return found
    return findTailResync(source, target)
  }

  #windowBytes(): number {
    return Math.max(this.#source.batches.passedBytes, this.#target.batches.passedBytes)
  }

  async #fill(cursor: SideCursor, window: RecordWindow, count: number): Promise<void> {
    while (window.length < count) {
      if (!(await cursor.load())) {
        window.isAtEnd = true
        return
      }
      while (window.length < count && cursor.findRecord()) {
        window.push(cursor.walk, this.#options.hasTimestamps)
        cursor.passRecord()
      }
    }
  }

  async #tell(source: RecordWindow, target: RecordWindow, resync: Resync): Promise<void> {
    const before = resync.targetCount === 0 ? new Set<number>() : await this.#digestsBefore()
    const differences = blockDifferences(source, target, resync, before)
    this.sameCount += sameWithin(resync, differences)
    let index = 0
    while (index < differences.length) {
      const first = differences[index]
      if (first === undefined) break
      let count = 1
      while (isNext(first, differences[index + count], count)) count++
      await this.#emit({
        kind: first.kind,
        upstream: first.source === null ? null : source.offset(first.source),
        downstream: first.target === null ? null : target.offset(first.target),
        count,
      })
      index += count
    }
  }

  async #emit(difference: FoundDifference): Promise<void> {
    this.differencesCount++
    await this.#options.onDifference(difference)
  }

  /** Digests of the last target records before the difference. */
  async #digestsBefore(): Promise<ReadonlySet<number>> {
    const from = Math.max(this.#stretch.downstreamFrom, this.downstream - CONTEXT_COUNT)
    const window = new RecordWindow()
    if (from >= this.downstream) return new Set()
    await using cursor = openCursor(this.#open.target, from, this.downstream, this.#options.isChecked)
    await this.#fill(cursor, window, CONTEXT_COUNT)
    return new Set(Array.from({ length: window.length }, (_, index) => window.digest(index)))
  }

  async #goOn(source: RecordWindow, target: RecordWindow, { sourceCount, targetCount }: Resync): Promise<void> {
    await this.#close()
    const { upstreamTo, downstreamTo } = this.#stretch
    this.upstream = placeAfter(source, sourceCount, this.upstream, upstreamTo)
    this.downstream = placeAfter(target, targetCount, this.downstream, downstreamTo)
    this.#source = this.#openSource()
    this.#target = this.#openTarget()
  }

  // --- cursors ----------------------------------------------------------------------------------------------------------

  #openSource(): SideCursor {
    return openCursor(this.#open.source, this.upstream, this.#stretch.upstreamTo, this.#options.isChecked)
  }

  #openTarget(): SideCursor {
    return openCursor(this.#open.target, this.downstream, this.#stretch.downstreamTo, this.#options.isChecked)
  }

  async #close(): Promise<void> {
    this.#sourceBytes += this.#source.batches.passedBytes
    this.#targetBytes += this.#target.batches.passedBytes
    this.#source.batches.passedBytes = 0
    this.#target.batches.passedBytes = 0
    await Promise.all([this.#source[Symbol.asyncDispose](), this.#target[Symbol.asyncDispose]()])
  }
}

function openCursor(open: OpenSupply, from: number, to: number, isChecked: boolean): SideCursor {
  const range = { from, to, isChecked }
  return new SideCursor(new BatchCursor(open(from, to), range), range)
}

/** Passes records as long as their offsets are wanted, without looking into batches that are wanted as a whole. */
async function countRecords(cursor: SideCursor, isWanted: (offset: number) => boolean): Promise<number> {
  let count = 0
  while ((await cursor.load()) && isWanted(cursor.offset)) {
    if (cursor.isAtWholeBatch && isWanted(cursor.batches.header.lastOffset)) {
      count += cursor.batches.header.recordCount
      cursor.passBatch()
    } else if (cursor.findRecord() && isWanted(cursor.offset)) {
      count++
      cursor.passRecord()
    }
  }
  return count
}

/** Offset of the first record behind so many of a window; behind all of them: the one after the last, or the stretch's end. */
function placeAfter(window: RecordWindow, count: number, before: number, end: number): number {
  if (count < window.length) return window.offset(count)
  if (window.isAtEnd) return Math.max(before, end)
  return window.length === 0 ? before : window.offset(window.length - 1) + 1
}

function sameWithin({ sourceCount }: Resync, differences: readonly BlockDifference[]): number {
  return sourceCount - differences.filter(({ source }) => source !== null).length
}

function isNext(first: BlockDifference, next: BlockDifference | undefined, count: number): boolean {
  if (next === undefined || next.kind !== first.kind) return false
  const isNextSource = first.source === null ? next.source === null : next.source === first.source + count
  const isNextTarget = first.target === null ? next.target === null : next.target === first.target + count
  return isNextSource && isNextTarget
}
