import { TwinlogError } from '../base/catalogue.ts'
import { OffsetMap } from '../mirror/offset-map.ts'
import { SEQUENCE_MODULUS, sequenceDistance } from '../mirror/run.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/**
 * Gives a partition's map the older runs of the ledger, too; once. At the start it has the newest only, and what the target holds ends in these as a rule. Where it does not (the
 * target has lost records, or none of ours is left in it), all runs decide where the copy goes on.
 * @returns why they cannot be read: LEDGER_RECORD_CORRUPT, LEDGER_RECORD_TOO_NEW, LEDGER_SEGMENT_MISSING; null: all is well
 */
export function recallRuns(partition: MirroredPartition): TwinlogError | null {
  const { map, allRuns } = partition
  const [first] = map?.runs() ?? []
  if (map === null || first === undefined || allRuns === null) return null
  try {
    const older = allRuns().filter(({ sequence }) => {
      const ahead = sequenceDistance(sequence, first.sequence)
      return ahead > 0 && ahead < SEQUENCE_MODULUS / 2
    })
    partition.map = OffsetMap.from([...older, ...map.runs()])
    partition.strays?.recall(older)
    partition.allRuns = null
    return null
  } catch (error) {
    if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    return error
  }
}
