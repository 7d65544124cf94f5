/** What Kafka's request header says, in every version of it. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | undefined
}

const LENGTH_BYTES = 4
const FIXED_HEADER_BYTES = 14

/** Cuts a byte stream into Kafka's frames: an int32 length and that many bytes. */
export class FrameSplitter {
  #chunks: Buffer[] = []
  #heldBytes = 0

  /** @returns the frames that are complete now, each with its length field */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#heldBytes += chunk.length
    const frames: Buffer[] = []
    for (let size = this.#nextSize(); size !== undefined && size <= this.#heldBytes; size = this.#nextSize()) {
      frames.push(this.#take(size))
    }
    return frames
  }

  /** Bytes of a frame that is not complete; the splitter is empty afterwards. */
  rest(): Buffer {
    return this.#take(this.#heldBytes)
  }

  #nextSize(): number | undefined {
    if (this.#heldBytes < LENGTH_BYTES) return undefined
    const [first] = this.#chunks
    if (first === undefined || first.length < LENGTH_BYTES) this.#chunks = [Buffer.concat(this.#chunks)]
    const length = this.#chunks[0]?.readInt32BE(0) ?? 0
    return LENGTH_BYTES + Math.max(0, length)
  }

  #take(size: number): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks)
    const kept = all.subarray(size)
    this.#chunks = kept.length === 0 ? [] : [kept]
    this.#heldBytes = kept.length
    return all.subarray(0, size)
  }
}

/** Reads the header of a whole request frame; undefined when it is too short to be one (a SASL token of old clients). */
export function readRequestHeader(frame: Buffer): RequestHeader | undefined {
  if (frame.length < FIXED_HEADER_BYTES) return undefined
  const clientIdLength = frame.readInt16BE(12)
  return {
    apiKey: frame.readInt16BE(4),
    apiVersion: frame.readInt16BE(6),
    correlationId: frame.readInt32BE(8),
    clientId:
      clientIdLength < 0 ? undefined : frame.toString('utf8', FIXED_HEADER_BYTES, FIXED_HEADER_BYTES + clientIdLength),
  }
}

/** The correlation id of a whole answer frame. */
export function readCorrelationId(frame: Buffer): number | undefined {
  return frame.length < 8 ? undefined : frame.readInt32BE(4)
}
