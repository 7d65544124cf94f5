import type { OpenSupply } from './record-supply.ts'
import { differingFields, showRecord, takeRecord } from './shown-record.ts'
import type { FoundDifference } from './stretch-comparison.ts'
import type { ReportedDifference } from './verdict.ts'

/** A difference with its records, without the place where it is. */
export type DescribedDifference = Omit<ReportedDifference, 'flow' | 'topic' | 'targetTopic' | 'partition'>

/** Reads the records of a difference once more, to show them and to say in what they differ. */
export async function describeDifference(
  found: FoundDifference,
  open: { readonly source: OpenSupply; readonly target: OpenSupply },
): Promise<DescribedDifference> {
  const source = found.upstream === null ? null : await takeRecord(open.source, found.upstream)
  const target = found.downstream === null ? null : await takeRecord(open.target, found.downstream)
  return {
    ...found,
    fields: found.kind === 'changed' && source !== null && target !== null ? differingFields(source, target) : [],
    source: source === null ? null : showRecord(source, target),
    target: target === null ? null : showRecord(target, source),
  }
}
