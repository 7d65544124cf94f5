import { assert } from '../base/assert.ts'
import type { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { LedgerEntry, LedgerWrite } from './ledger-entry.ts'
import type { LedgerHead, LedgerScope, LedgerSegment } from './ledger-record.ts'
import {
  decodeLedgerHead,
  decodeLedgerSegment,
  encodeLedgerHead,
  encodeLedgerKey,
  encodeLedgerSegment,
} from './ledger-record.ts'
import { OffsetMap } from './offset-map.ts'
import type { AskedOffset } from './offset-translation.ts'
import type { Run } from './run.ts'
import { RUNS_PER_BLOCK_MAX } from './run-codec.ts'
import type { TopicPartition } from './topic-partition.ts'

/** A head is rewritten with every append, so the runs in it are few: beyond either limit they move to a segment. */
const HEAD_RUNS_MAX = 2048
const HEAD_BYTES_MAX = 1280
/** Segments that are read at most, newest first; what a target can still have on its way lies in far fewer. */
const SEGMENTS_READ_MAX = 64
/** As a rule a target holds all but the last few runs that were written ahead. */
const NEWEST_RUNS = 256
/** What a segment costs in memory besides its bytes: an entry of a map, an object, a buffer. */
const SEGMENT_OVERHEAD_BYTES = 250

/** A record to append to the ledger topic; a null value is a tombstone. */
export interface LedgerAppend {
  readonly key: Buffer
  readonly value: Buffer | null
}

/** A value as it lies in the ledger topic; offset -1: written by this process. */
export interface StoredValue {
  readonly offset: number
  readonly value: Buffer
}

/** What an append makes of a partition, to be applied once its records are durable. */
export interface LedgerChange {
  /** In the order in which they must be appended: segments, the head that names them, tombstones. */
  readonly records: readonly LedgerAppend[]
  readonly head: StoredValue | null
  readonly addedSegments: ReadonlyMap<number, StoredValue>
  readonly removedSegments: readonly number[]
}

/**
 * What the ledger topic holds of one partition, packed as it lies there. `plan` says what to append, `apply` makes it true here once it is
 * durable there.
 *
 * Only the head counts. A segment is written before the head that names it; so whatever part of an append
 * becomes durable, the topic says either the old truth or the new one.
 */
export class LedgerPartition {
  readonly partition: TopicPartition
  readonly #ledgerTopic: string
  readonly #segments = new Map<number, StoredValue>()
  /** First run of each segment that was looked for; a segment never changes. */
  readonly #firstRuns = new Map<number, Run>()
  #head: StoredValue | null = null
  /** The part of the history that was asked for last: offsets are asked for in clusters. */
  #part: {
    readonly stored: StoredValue
    readonly head: LedgerHead
    readonly segment: number
    readonly map: OffsetMap
  } | null = null

  constructor(partition: TopicPartition, ledgerTopic: string) {
    this.partition = partition
    this.#ledgerTopic = ledgerTopic
  }

  /** True when the topic holds nothing of this partition any more. */
  get isEmpty(): boolean {
    return this.#head === null && this.#segments.size === 0
  }

  /** Takes a head as read from the topic; null: its tombstone. */
  setHead(head: StoredValue | null): void {
    this.#head = head
  }

  /** Takes a segment as read from the topic; null: its tombstone. */
  setSegment(number: number, segment: StoredValue | null): void {
    if (segment === null) this.#segments.delete(number)
    else this.#segments.set(number, segment)
  }

  /**
   * @returns the head as written, whatever cluster it is for; null when there is none
   * @throws LEDGER_RECORD_CORRUPT, LEDGER_RECORD_TOO_NEW
   */
  readHead(): LedgerHead | null {
    if (this.#head === null) return null
    return decodeLedgerHead({ ledgerTopic: this.#ledgerTopic, key: this.#headKey(), ...this.#head })
  }

  /**
   * @param extent   'newest': some hundred runs, and a way to the others. With many partitions unpacking all takes minutes
   * @returns identity and runs; null when nothing is written down, or for other clusters than these
   * @throws LEDGER_RECORD_CORRUPT, LEDGER_RECORD_TOO_NEW, LEDGER_SEGMENT_MISSING
   */
  readEntry(scope: LedgerScope, extent: 'all' | 'newest' = 'all'): LedgerEntry | null {
    const head = this.readHead()
    if (head === null || !isSameScope(head.scope, scope)) return null
    const isOtherPlan = head.scope.planHash !== 0n && head.scope.planHash !== scope.planHash
    const entry = { ...head.identity, ...(isOtherPlan ? { isOtherPlan } : {}) }
    if (extent === 'all') return { ...entry, runs: this.#readRuns(head, SEGMENTS_READ_MAX) }
    const runs = this.#readRuns(head, head.runs.length < NEWEST_RUNS ? 1 : 0).slice(-NEWEST_RUNS)
    return { ...entry, runs, allRuns: () => this.readEntry(scope)?.runs ?? [] }
  }

  /** Runs of the head and of so many segments before it. */
  #readRuns(head: LedgerHead, segmentsMax: number): readonly Run[] {
    const firstRead = Math.max(head.firstSegment, head.nextSegment - segmentsMax)
    if (firstRead === head.nextSegment) return head.runs
    const map = new OffsetMap()
    for (let number = firstRead; number < head.nextSegment; number++) {
      for (const run of this.#readSegment(head, number)) map.begin(run)
    }
    for (const run of head.runs) map.begin(run)
    return [...map.runs()]
  }

  /**
   * The part of the history that an offset lies in, at any age. Unlike `readEntry` it unpacks one segment, not all of them.
   * @param at   the offset: on the source, or in the remote topic
   * @returns runs for which OffsetMap answers for that offset as for all runs; null when nothing is written down, or for other clusters. Where the offset lies before the
   *          first run, the oldest part there is
   * @throws as `readEntry`
   */
  readAround(scope: LedgerScope, at: AskedOffset): OffsetMap | null {
    const known = this.#part?.stored === this.#head ? this.#part : null
    const head = known?.head ?? this.readHead()
    if (head === null || this.#head === null || !isSameScope(head.scope, scope)) return null
    let segment = head.nextSegment
    while (segment > head.firstSegment && !isAtOrBefore(this.#firstRunOf(head, segment), at)) segment--
    if (known !== null && known.segment === segment) return known.map
    const runs = segment === head.nextSegment ? head.runs : this.#readSegment(head, segment)
    const next = segment === head.nextSegment ? [] : [this.#firstRunOf(head, segment + 1)]
    const map = OffsetMap.from([...runs, ...next])
    this.#part = { stored: this.#head, head, segment, map }
    return map
  }

  /** What to append so that the topic has more runs, or starts anew with another identity. */
  plan(write: LedgerWrite, scope: LedgerScope): LedgerChange {
    // Starting anew, an unreadable old head does not matter and must not stand in the way.
    const old = write.replaces ? null : this.readHead()
    assert(
      write.replaces || old !== null,
      `${write.topic}-${write.partition} continues in a ledger that does not have it`,
    )
    if (old !== null) assertSameTopics(old, write)
    const change = this.#planHead({
      identity: write.identity,
      scope,
      generation: old?.generation ?? this.#nextGeneration(),
      firstSegment: old?.firstSegment ?? this.#nextSegment(),
      nextSegment: old?.nextSegment ?? this.#nextSegment(),
      runs: [...OffsetMap.from([...(old?.runs ?? []), ...write.runs]).runs()],
    })
    return write.replaces ? this.#withoutOldSegments(change) : change
  }

  /** How many segments there are, and about how much memory they take. */
  get segmentsSize(): { readonly count: number; readonly bytes: number } {
    let bytes = 0
    for (const { value } of this.#segments.values()) bytes += value.length + SEGMENT_OVERHEAD_BYTES
    return { count: this.#segments.size, bytes }
  }

  /**
   * What to append so that the topic forgets the segments of which nothing can be asked for any more: all their records lie before the starts of both logs.
   * @returns null when there is nothing to forget, or the head cannot be read
   */
  planTrim(sourceLogStart: number, targetLogStart: number): LedgerChange | null {
    const head = attempt(() => this.readHead())
    if (head === null) return null
    let first = head.firstSegment
    while (first < head.nextSegment) {
      const next = this.#firstRunAfter(head, first)
      if (next === null || next.upstream > sourceLogStart || next.downstream < 0 || next.downstream > targetLogStart)
        break
      first++
    }
    return this.#planDrop(head, first)
  }

  /** What to append so that the topic forgets the oldest segments, as far as they exceed so many. @returns as `planTrim` */
  planLimit(segmentsMax: number): LedgerChange | null {
    const head = attempt(() => this.readHead())
    return head === null ? null : this.#planDrop(head, Math.max(head.firstSegment, head.nextSegment - segmentsMax))
  }

  /** The run that follows the last one of a segment; null when it cannot be read. */
  #firstRunAfter(head: LedgerHead, segment: number): Run | null {
    const runs = segment + 1 < head.nextSegment ? attempt(() => this.#readSegment(head, segment + 1)) : head.runs
    return runs?.[0] ?? null
  }

  /** The first run of a segment, or of the head, which comes after the last one. */
  #firstRunOf(head: LedgerHead, segment: number): Run {
    const known = segment === head.nextSegment ? head.runs[0] : this.#firstRuns.get(segment)
    if (known !== undefined) return known
    const [first] = this.#readSegment(head, segment)
    if (first === undefined) throw this.#missing(segment)
    this.#firstRuns.set(segment, first)
    return first
  }

  #planDrop(head: LedgerHead, firstSegment: number): LedgerChange | null {
    const removedSegments = [...this.#segments.keys()].filter((number) => number < firstSegment)
    if (firstSegment === head.firstSegment && removedSegments.length === 0) return null
    const value = encodeLedgerHead({ ...head, firstSegment })
    const tombstones = removedSegments.map((number) => ({ key: this.#segmentKey(number), value: null }))
    return {
      records: [{ key: this.#headKey(), value }, ...tombstones],
      head: { offset: -1, value },
      addedSegments: new Map(),
      removedSegments,
    }
  }

  /** What to append so that the topic forgets the partition. */
  planForget(): LedgerChange {
    const nothing = {
      records: [{ key: this.#headKey(), value: null }],
      head: null,
      addedSegments: new Map(),
      removedSegments: [],
    }
    return this.#withoutOldSegments(nothing)
  }

  /** Makes a change true whose records are durable. */
  apply(change: LedgerChange): void {
    for (const number of change.removedSegments) {
      this.#segments.delete(number)
      this.#firstRuns.delete(number)
    }
    for (const [number, segment] of change.addedSegments) this.#segments.set(number, segment)
    this.#head = change.head
  }

  #planHead(head: LedgerHead): LedgerChange {
    const records: LedgerAppend[] = []
    const addedSegments = new Map<number, StoredValue>()
    const { sealed, rest } = split(head)
    for (const [index, runs] of sealed.entries()) {
      const number = head.nextSegment + index
      const value = encodeLedgerSegment({ generation: head.generation, runs })
      records.push({ key: this.#segmentKey(number), value })
      addedSegments.set(number, { offset: -1, value })
    }
    const value = encodeLedgerHead({ ...head, nextSegment: head.nextSegment + sealed.length, runs: rest })
    records.push({ key: this.#headKey(), value })
    return { records, head: { offset: -1, value }, addedSegments, removedSegments: [] }
  }

  /** The same change, with tombstones for all segments that it does not add itself. */
  #withoutOldSegments(change: LedgerChange): LedgerChange {
    const removedSegments = [...this.#segments.keys()].filter((number) => !change.addedSegments.has(number))
    const tombstones = removedSegments.map((number) => ({ key: this.#segmentKey(number), value: null }))
    return { ...change, records: [...change.records, ...tombstones], removedSegments }
  }

  #readSegment(head: LedgerHead, number: number): readonly Run[] {
    const stored = this.#segments.get(number)
    const segment = stored === undefined ? null : this.#decodeSegment(number, stored)
    if (segment === null || segment.generation !== head.generation) throw this.#missing(number)
    return segment.runs
  }

  #decodeSegment(number: number, stored: StoredValue): LedgerSegment {
    return decodeLedgerSegment({ ledgerTopic: this.#ledgerTopic, key: this.#segmentKey(number), ...stored })
  }

  #missing(segment: number): TwinlogError {
    const offset = this.#head?.offset ?? -1
    return errors.LEDGER_SEGMENT_MISSING({ ledgerTopic: this.#ledgerTopic, offset, segment, ...this.partition })
  }

  #headKey(): Buffer {
    return encodeLedgerKey({ kind: 'head', ...this.partition })
  }

  #segmentKey(segment: number): Buffer {
    return encodeLedgerKey({ kind: 'runs', ...this.partition, segment })
  }

  /** One more than any generation that can be read here: a record that cannot be read is overwritten or tombstoned. */
  #nextGeneration(): number {
    let highest = attempt(() => this.readHead()?.generation) ?? 0
    for (const [number, stored] of this.#segments) {
      highest = Math.max(highest, attempt(() => this.#decodeSegment(number, stored).generation) ?? 0)
    }
    return highest + 1
  }

  /** A number that no segment has had, so that an old segment can never be taken for a new one. */
  #nextSegment(): number {
    let next = attempt(() => this.readHead()?.nextSegment) ?? 0
    for (const number of this.#segments.keys()) next = Math.max(next, number + 1)
    return next
  }
}

/** Which runs stay in the head, and which move to segments. The newest always stays: a head without runs says nothing. */
function split(head: LedgerHead): { sealed: Run[][]; rest: readonly Run[] } {
  const { runs } = head
  if (runs.length <= HEAD_RUNS_MAX && encodeLedgerHead(head).length <= HEAD_BYTES_MAX) return { sealed: [], rest: runs }
  if (runs.length === 1) return { sealed: [], rest: runs }
  const older = runs.slice(0, -1)
  const sealed: Run[][] = []
  for (let start = 0; start < older.length; start += RUNS_PER_BLOCK_MAX)
    sealed.push(older.slice(start, start + RUNS_PER_BLOCK_MAX))
  return { sealed, rest: runs.slice(-1) }
}

/** A run of unknown downstream offset says nothing about where a downstream offset lies. */
function isAtOrBefore(run: Run, at: AskedOffset): boolean {
  if ('upstream' in at) return run.upstream <= at.upstream
  return run.downstream >= 0 && run.downstream <= at.downstream
}

/** Producer id and epoch may change while runs go on; what they count may not. */
function assertSameTopics(head: LedgerHead, write: LedgerWrite): void {
  const { sourceTopicId, targetTopicId } = head.identity
  assert(
    sourceTopicId === write.identity.sourceTopicId && targetTopicId === write.identity.targetTopicId,
    `${write.topic}-${write.partition} continues in the ledger between other topics`,
  )
}

function isSameScope(one: LedgerScope, other: LedgerScope): boolean {
  return (
    isSameOrUnknown(one.sourceClusterId, other.sourceClusterId) &&
    isSameOrUnknown(one.targetClusterId, other.targetClusterId)
  )
}

function isSameOrUnknown(one: string | null, other: string | null): boolean {
  return one === null || other === null || one === other
}

/** For records that may be damaged where a damaged one counts as none. */
function attempt<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    // Said elsewhere: whoever reads the entry gets the error. Here only a number above all readable ones is wanted.
    return null
  }
}
