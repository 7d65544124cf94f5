import type { GroupsReading } from './groups-reading.ts'
import { translatedDownstream, translatedUpstream } from './translated-offset.ts'
import type { TranslatedOffset, TranslationContext } from './translated-offset.ts'

/** Which offsets somebody wants to know on the other side. */
export type OffsetQuery =
  | { readonly group: string }
  | {
      readonly topic: string
      readonly partition: number
      readonly offset: number
      /** The side of topic and offset. */
      readonly from: 'source' | 'target'
    }

/** A flow that this process owns, as far as its offsets are concerned. */
export interface OffsetSource {
  readonly context: TranslationContext
  /** Null: groups are not looked at. */
  readonly groups: GroupsReading | null
}

/**
 * What the flows of a process know. The offsets of a group are those of its last round (emit.checkpoints.interval.seconds); each is translated anew.
 * @returns empty where no flow knows the group or the topic
 */
export function answerOffsetQuery(sources: readonly OffsetSource[], query: OffsetQuery): TranslatedOffset[] {
  return sources.flatMap(({ context, groups }) => {
    if ('group' in query) {
      const group = groups?.groups.find(({ groupId }) => groupId === query.group)
      const positions = [...(group?.positions.values() ?? [])]
      return positions.map((position) => translatedDownstream(context, position, position.upstreamOffset, null))
    }
    const { offset, from } = query
    if (from === 'source') return translatedDownstream(context, query, offset, null)
    return translatedUpstream(context, query, offset) ?? []
  })
}
