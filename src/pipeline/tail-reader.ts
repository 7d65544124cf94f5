import type { BrokerConnection } from '../kafka/broker-connection.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { sequenceAfter } from '../mirror/run.ts'
import { BatchHeader, readBatchHeader } from '../wire/record-batch.ts'
import { fetchPartition } from './partition-fetch.ts'

/** Batches of others that are looked past, from the end of the log backwards. */
const STEPS_MAX = 64
/** One batch comes whole whatever is asked for. */
const ASKED_BYTES = 1

/** Where to look, and for whose batches. */
export interface TailQuestion {
  readonly topic: string
  readonly partition: number
  /** End of the log: the first offset that is not looked at. */
  readonly end: number
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** What the end of a target partition says of an identity of ours. */
export interface Tail {
  /** Last sequence on the wire under the identity; null: none was found. */
  readonly sequence: number | null
  /** Looked through far enough to say that the log holds nothing of the identity. */
  readonly isAbsent: boolean
  /** Epoch of the newest marker of our producer id that lies behind its last data; -1: there is none. */
  readonly markerEpoch: number
  /** Offset after the last batch that is no marker. */
  readonly dataEnd: number
}

/**
 * Reads batch headers from the end of a target partition backwards until one carries our producer id and epoch, or must have come before them: where the
 * broker's producer state has forgotten the id, the log itself has not (design.md section 5, step 4).
 * @param connection   to the partition's leader
 * @throws  KAFKA_* when the partition cannot be read, connection errors
 */
export async function readTail(
  cluster: ClusterClient,
  connection: BrokerConnection,
  question: TailQuestion,
): Promise<Tail> {
  const header = new BatchHeader()
  let offset = question.end - 1
  let markerEpoch = -1
  let dataEnd = -1
  const absent = (isAbsent: boolean): Tail => ({
    sequence: null,
    isAbsent,
    markerEpoch,
    dataEnd: dataEnd < 0 ? offset + 1 : dataEnd,
  })
  for (let step = 0; step < STEPS_MAX && offset >= 0; step++) {
    const isThere = await readHeaderAt(cluster, connection, question, offset, header)
    // Below the start of the log: what was there may have been ours.
    if (!isThere) return absent(false)
    if (!header.isControl && dataEnd < 0) dataEnd = header.lastOffset + 1
    if (header.hasProducerId && header.producerId === question.producerId) {
      if (header.isControl) markerEpoch = Math.max(markerEpoch, header.producerEpoch)
      else if (header.producerEpoch === question.producerEpoch) {
        const sequence = sequenceAfter(header.baseSequence, header.lastOffsetDelta)
        return { sequence, isAbsent: false, markerEpoch, dataEnd }
      }
      // Epochs rise in a log, and an identity that follows a marker begins behind it.
      if (
        header.producerEpoch < question.producerEpoch ||
        (header.isControl && header.producerEpoch === question.producerEpoch)
      )
        return absent(true)
    }
    offset = header.baseOffset - 1
  }
  return absent(offset < 0)
}

/** @returns false when the log has no batch at the offset */
async function readHeaderAt(
  cluster: ClusterClient,
  connection: BrokerConnection,
  { topic, partition }: TailQuestion,
  offset: number,
  header: BatchHeader,
): Promise<boolean> {
  const once = { isolationLevel: 0, maxBytes: ASKED_BYTES, minBytes: 0, maxWaitMs: 0 } as const
  const reply = await fetchPartition(cluster, connection, { topic, partition, offset, ...once })
  if (reply === null) return false
  const { frame, fetched } = reply
  try {
    if (fetched.recordsEnd === fetched.recordsStart) return false
    return readBatchHeader(frame.bytes, fetched.recordsStart, fetched.recordsEnd, header) !== 'truncated'
  } finally {
    frame.release()
  }
}
