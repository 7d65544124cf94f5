import { TwinlogError } from '../base/catalogue.ts'
import type { OffsetMap } from '../mirror/offset-map.ts'
import type { AskedOffset, OffsetTranslation } from '../mirror/offset-translation.ts'
import type { PastOffsetSyncs } from '../mirror/past-offset-syncs.ts'
import type { CopiedPartition } from '../pipeline/copied-partition.ts'
import type { LedgerStore } from './ledger-store.ts'

/** First offset of a log, and the one after its last. */
export interface LogBounds {
  readonly start: number
  readonly end: number
}

export interface OffsetTranslatorDependencies {
  readonly ledger: Pick<LedgerStore, 'findAround'>
  /** What is known of the copy just now; null: the flow does not copy the partition. */
  copied(topic: string, partition: number): CopiedPartition | null
  /** Of MirrorMaker 2, for what it copied before twinlog; null: they were not read. */
  pastSyncs(): PastOffsetSyncs | null
}

/**
 * Turns offsets of a flow's source into those of its target and back. What twinlog copied is exact at any age: the lane knows the newest runs, the ledger all. What
 * MirrorMaker 2 copied before is known by its offset syncs, and by their lossy rule.
 */
export class OffsetTranslator {
  readonly #deps: OffsetTranslatorDependencies

  constructor(dependencies: OffsetTranslatorDependencies) {
    this.#deps = dependencies
  }

  /**
   * @param upstream   offset of the source
   * @param bounds     of the remote partition just now; null: not known. An answer never lies outside: where the target has removed what was asked for, it is
   *                   the first record that is left
   */
  downstreamOf(topic: string, partition: number, upstream: number, bounds: LogBounds | null): OffsetTranslation {
    const copied = this.#deps.copied(topic, partition)
    if (copied === null) return unknown(`this flow does not copy ${topic} partition ${partition}`)
    if (copied.copiedOffset < 0) return unknown(`it is not known yet how far ${topic} partition ${partition} is copied`)
    const asked = Math.min(upstream, copied.copiedOffset)
    const end = copied.downstreamEnd >= 0 ? copied.downstreamEnd : (bounds?.end ?? Infinity)
    const within = (offset: number): number => Math.max(Math.min(offset, end), bounds?.start ?? 0)
    try {
      const found = this.#find(copied, topic, partition, { upstream: asked }, (map) => map.downstreamOf(asked))
      if (typeof found === 'number')
        return asked < upstream
          ? { kind: 'at-end', offset: within(found), aheadRecords: upstream - asked }
          : { kind: 'exact', offset: within(found) }
      const before = this.#beforeRuns({ topic, partition, asked, map: found, copied, bounds })
      return 'offset' in before ? { ...before, offset: within(before.offset) } : before
    } catch (error) {
      return unreadable(error)
    }
  }

  /** @param downstream   offset of the remote topic */
  upstreamOf(topic: string, partition: number, downstream: number): OffsetTranslation {
    const copied = this.#deps.copied(topic, partition)
    if (copied === null) return unknown(`this flow does not copy ${topic} partition ${partition}`)
    const { downstreamEnd: end, copiedOffset } = copied
    if (end >= 0 && downstream >= end && copiedOffset >= 0)
      return downstream === end
        ? { kind: 'exact', offset: copiedOffset }
        : { kind: 'at-end', offset: copiedOffset, aheadRecords: downstream - end }
    try {
      const found = this.#find(copied, topic, partition, { downstream }, (map) => map.upstreamOf(downstream))
      if (typeof found === 'number') return { kind: 'exact', offset: found }
    } catch (error) {
      return unreadable(error)
    }
    return unknown('it was copied before twinlog kept its ledger')
  }

  /** @returns the offset; or the oldest runs there are, where they do not know; null: there are none */
  #find(
    { map }: CopiedPartition,
    topic: string,
    partition: number,
    at: AskedOffset,
    translate: (map: OffsetMap) => number | null,
  ): number | OffsetMap | null {
    // The lane's map is right where somebody else wrote to the remote topic and the ledger has not heard of it yet.
    const newest = map === null || map.runCount === 0 ? null : translate(map)
    if (newest !== null) return newest
    const around = this.#deps.ledger.findAround(topic, partition, at)
    if (around === null) return map
    return translate(around) ?? around
  }

  #beforeRuns({
    topic,
    partition,
    asked,
    map,
    copied,
    bounds,
  }: {
    readonly topic: string
    readonly partition: number
    readonly asked: number
    readonly map: OffsetMap | null
    readonly copied: CopiedPartition
    readonly bounds: LogBounds | null
  }): OffsetTranslation {
    const first = map?.first ?? null
    if (asked === copied.copiedOffset && copied.downstreamEnd >= 0)
      return { kind: 'exact', offset: copied.downstreamEnd }
    const bound = map?.downstreamBound(asked) ?? null
    if (bound !== null) {
      const reason = 'twinlog was killed before it wrote down where these records went'
      return { kind: 'approximate', offset: bound, reason }
    }
    // Nothing older is there on the target, so nothing can be skipped.
    if (first !== null && first.downstream >= 0 && first.downstream <= (bounds?.start ?? 0))
      return { kind: 'exact', offset: first.downstream }
    const past = this.#deps.pastSyncs()?.downstreamOf(topic, partition, asked) ?? null
    if (past !== null) {
      const reason = 'copied by MirrorMaker 2: translated by its offset syncs, which do not know every record'
      return { kind: 'approximate', offset: past, reason }
    }
    return unknown(
      first === null
        ? 'nothing of the partition is written down in the ledger yet'
        : `it was copied before twinlog kept its ledger, which begins at offset ${first.upstream}, and MirrorMaker 2 left no offset sync for it`,
    )
  }
}

function unknown(reason: string): OffsetTranslation {
  return { kind: 'unknown', reason }
}

function unreadable(error: unknown): OffsetTranslation {
  if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
  return unknown(error.message)
}
