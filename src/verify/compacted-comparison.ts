import { BatchCursor } from './batch-cursor.ts'
import { KeyTable } from './key-table.ts'
import type { KeyEntry, TableSide } from './key-table.ts'
import { RecordDigest } from './record-digest.ts'
import type { OpenSupply } from './record-supply.ts'
import { SideCursor } from './side-cursor.ts'
import type { FoundDifference } from './stretch-comparison.ts'
import type { Stretch } from './stretch.ts'

/** So many keys fit into the table: 80 MB. With more, the partition is read several times, a part of the keys each time. */
const KEYS_MAX = 1_500_000

export interface CompactedOptions {
  readonly isChecked: boolean
  readonly hasTimestamps: boolean
  /** Source records before this offset were surely copied; the newest target record tells (null: everything was). */
  copiedTo(lastDownstream: number): number | null
  readonly differencesMax: number
  readonly keysMax?: number
  onDifference(difference: FoundDifference): Promise<void>
}

/** What came of the keys of a partition. */
export interface CompactedOutcome {
  readonly sameCount: number
  readonly differencesCount: number
  /** Keys whose newest source record is not copied yet. */
  readonly pendingCount: number
  readonly end: 'done' | 'too many differences'
}

/**
 * Compares the last value of each key, as compaction would leave it: a key whose last record is a tombstone is the same as none. Both sides are read whole,
 * since the newest record of a key may lie anywhere.
 */
export class CompactedComparison {
  readonly #open: { readonly source: OpenSupply; readonly target: OpenSupply }
  readonly #stretch: Stretch
  readonly #options: CompactedOptions
  readonly #digest = new RecordDigest()
  #passedBytes = { source: 0, target: 0 }
  /** Source offsets passed so far, of all that have to be: reading several times counts several times. */
  upstream = 0

  constructor(
    open: { readonly source: OpenSupply; readonly target: OpenSupply },
    stretch: Stretch,
    options: CompactedOptions,
  ) {
    this.#open = open
    this.#stretch = stretch
    this.#options = options
    this.upstream = stretch.upstreamFrom
  }

  get bytes(): { readonly source: number; readonly target: number } {
    return this.#passedBytes
  }

  async run(): Promise<CompactedOutcome> {
    let partsCount = 1
    for (;;) {
      const outcome = await this.#compareParts(partsCount)
      if (outcome !== null) return outcome
      partsCount *= 2
    }
  }

  /** @returns null when a part has more keys than the table takes */
  async #compareParts(partsCount: number): Promise<CompactedOutcome | null> {
    const total = { sameCount: 0, differencesCount: 0, pendingCount: 0 }
    // Told only when all parts fitted: a part that is read again must not be told twice.
    const differences: FoundDifference[] = []
    for (let part = 0; part < partsCount; part++) {
      const table = new KeyTable(this.#options.keysMax ?? KEYS_MAX)
      const lastUpstream = await this.#read('source', table, partsCount, part)
      const lastDownstream = lastUpstream === null ? null : await this.#read('target', table, partsCount, part)
      if (lastDownstream === null) return null
      const copiedTo = this.#options.copiedTo(lastDownstream) ?? Infinity
      for (const entry of table.entries()) {
        const kind = judge(entry, copiedTo)
        if (kind === 'same') total.sameCount++
        else if (kind === 'pending') total.pendingCount++
        else if (kind !== 'gone') {
          total.differencesCount++
          if (differences.length < this.#options.differencesMax) differences.push(differenceOf(kind, entry))
        }
      }
    }
    for (const difference of differences) await this.#options.onDifference(difference)
    const isAll = total.differencesCount <= differences.length
    return { ...total, end: isAll ? 'done' : 'too many differences' }
  }

  /** @returns offset of the side's last record, -1 for none; null when the table is full */
  async #read(side: TableSide, table: KeyTable, partsCount: number, part: number): Promise<number | null> {
    const { upstreamFrom, upstreamTo, downstreamFrom, downstreamTo } = this.#stretch
    const [from, to] = side === 'source' ? [upstreamFrom, upstreamTo] : [downstreamFrom, downstreamTo]
    const { isChecked, hasTimestamps } = this.#options
    const range = { from, to, isChecked }
    const digest = this.#digest
    const before = this.#passedBytes[side]
    let last = -1
    await using cursor = new SideCursor(new BatchCursor(this.#open[side](from, to), range), range)
    while (await cursor.load()) {
      while (cursor.findRecord()) {
        const { walk } = cursor
        last = walk.offset
        digest.takeKey(walk)
        // A record without a key cannot be in a compacted topic; where the policy was changed later, it has no last value.
        if (walk.records.keyLength >= 0 && (partsCount === 1 || digest.keyHigh % partsCount === part)) {
          const isTombstone = walk.records.valueLength < 0
          if (!isTombstone) digest.take(walk, hasTimestamps)
          const isTaken = table.set(
            side,
            digest,
            isTombstone ? 0 : digest.high,
            isTombstone ? 0 : digest.low,
            walk.offset,
          )
          if (!isTaken) return null
        }
        cursor.passRecord()
      }
      this.#passedBytes[side] = before + cursor.batches.passedBytes
      if (side === 'source') this.upstream = upstreamFrom + (last + 1 - upstreamFrom) / partsCount
    }
    return last
  }
}

type KeyVerdict = 'same' | 'gone' | 'pending' | 'missing' | 'extra' | 'changed'

function judge({ sourceOffset, isSourceGone, isTargetGone, isSame }: KeyEntry, copiedTo: number): KeyVerdict {
  if (isSourceGone && isTargetGone) return 'gone'
  if (isSame) return 'same'
  if (sourceOffset >= copiedTo) return 'pending'
  if (isTargetGone) return 'missing'
  return isSourceGone ? 'extra' : 'changed'
}

function differenceOf(
  kind: 'missing' | 'extra' | 'changed',
  { sourceOffset, targetOffset }: KeyEntry,
): FoundDifference {
  return {
    kind,
    upstream: sourceOffset < 0 ? null : sourceOffset,
    downstream: targetOffset < 0 ? null : targetOffset,
    count: 1,
  }
}
