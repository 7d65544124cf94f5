/*
 * What it costs to put batches together anew, without a network: node bench/micro-transcode.ts
 * Each figure is the best of three rounds; CPU is that of all threads.
 */
import { BatchBuilder } from '../src/wire/batch-builder.ts'
import { compress, decompress } from '../src/wire/compression.ts'
import type { Codec } from '../src/wire/compression.ts'
import { CODEC_NAMES } from '../src/wire/record-batch.ts'
import { transcodeBatches } from '../src/wire/transcode-batches.ts'
import type { SourceBatches, TranscodeOptions } from '../src/wire/transcoded.ts'

const OPTIONS: TranscodeOptions = {
  firstUpstream: 0,
  codec: 'keep',
  maxBatchBytes: 1 << 20,
  preferredBatchBytes: 1 << 20,
  dropsNullKeys: false,
  decompressionLimitBytes: 64 << 20,
}

/** JSON of that size, which compresses as such records do. */
function value(size: number, number: number): Buffer {
  let text = ''
  for (let index = number; text.length < size; index += 7919) {
    text += `{"order": ${(index * 2654435761) % 1_000_003}, "customer": "c-${index % 997}", "state": "paid"} `
  }
  return Buffer.from(text.slice(0, size))
}

/** Batches in portions, as answers of about 1 MiB bring them; `recordsEach` tells how many records each has. */
function sourcesOf(
  codec: Codec,
  recordsCount: number,
  recordsEach: (index: number) => number,
  valueSize: number,
): SourceBatches[] {
  const builder = new BatchBuilder()
  const portions: SourceBatches[] = []
  let batches: Buffer[] = []
  let places: number[] = []
  let size = 0
  for (let index = 0, batchIndex = 0; index < recordsCount; batchIndex++) {
    const baseOffset = index
    for (let left = recordsEach(batchIndex); left > 0 && index < recordsCount; left--, index++) {
      const bytes = value(valueSize, index)
      builder.addPlain(bytes, 0, Math.min(8, valueSize), 0, valueSize, 400, index)
    }
    const batch = builder.seal(codec, compress(codec, builder.records))
    batch.writeInt32BE(baseOffset, 4)
    batches.push(batch)
    places.push(size)
    size += batch.length
    if (size <= 1 << 20 && index < recordsCount) continue
    portions.push({ bytes: Buffer.concat(batches), places })
    batches = []
    places = []
    size = 0
  }
  return portions
}

async function measure(what: string, recordsCount: number, run: () => Promise<number>): Promise<void> {
  let best = { wallMs: Number.POSITIVE_INFINITY, cpuMs: 0 }
  let bytes = 0
  for (let round = 0; round < 3; round++) {
    const cpu = process.cpuUsage()
    const start = performance.now()
    bytes = await run()
    const wallMs = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    if (wallMs < best.wallMs) best = { wallMs, cpuMs: (user + system) / 1000 }
  }
  const each = `${((best.cpuMs * 1000) / recordsCount).toFixed(3)} us CPU a record`
  const figures = `${best.wallMs.toFixed(0).padStart(7)} ms ${best.cpuMs.toFixed(0).padStart(7)} CPU ms  ${each}`
  console.log(`${what.padEnd(70)}${figures}  ${(bytes / 1e6).toFixed(1)} MB`)
}

/** @returns bytes of all that comes out */
async function transcodeAll(portions: readonly SourceBatches[], options: TranscodeOptions): Promise<number> {
  let bytes = 0
  for (const portion of portions) {
    const result = transcodeBatches(portion, options)
    const { batches } = result instanceof Promise ? await result : result
    for (const batch of batches) bytes += batch.bytes.length
  }
  return bytes
}

async function measureTranscode(
  what: string,
  recordsCount: number,
  portions: readonly SourceBatches[],
  changes: Partial<TranscodeOptions>,
): Promise<void> {
  await measure(what, recordsCount, () => transcodeAll(portions, { ...OPTIONS, ...changes }))
}

const only = process.argv[2]
const isWanted = (what: string): boolean => only === undefined || what.includes(only)

for (const codec of [0, 1, 2, 3, 4] as const) {
  const name = CODEC_NAMES[codec]
  if (isWanted(`one ${name}`)) {
    const sources = sourcesOf(codec, 400_000, () => 1, 100)
    await measureTranscode(`coalesce 400,000 records of 100 B, one a batch, ${name}`, 400_000, sources, {})
  }
  if (isWanted(`ten ${name}`)) {
    const sources = sourcesOf(codec, 400_000, (batch) => 1 + (batch % 10), 100)
    await measureTranscode(`coalesce 400,000 records of 100 B, 1 to 10 a batch, ${name}`, 400_000, sources, {})
  }
  if (isWanted(`rebuild ${name}`)) {
    const sources = sourcesOf(codec, 100_000, () => 100, 1000)
    const changes = { preferredBatchBytes: 0 }
    await measureTranscode(`rebuild 100,000 records of 1,000 B, 100 a batch, ${name}`, 100_000, sources, changes)
  }
}
if (isWanted('recompress')) {
  const sources = sourcesOf(1, 100_000, () => 100, 1000)
  await measureTranscode('gzip to zstd, 100,000 records of 1,000 B, 100 a batch', 100_000, sources, { codec: 4 })
  await measureTranscode('gzip to lz4, 100,000 records of 1,000 B, 100 a batch', 100_000, sources, { codec: 3 })
}

if (isWanted('codec')) {
  for (const codec of [1, 2, 3, 4] as const) {
    for (const size of [100, 1000, 64 * 1024, 1 << 20]) {
      const bytes = value(size, 0)
      const packed = compress(codec, bytes)
      const times = Math.ceil(4_000_000 / (size + 2000))
      const name = `${CODEC_NAMES[codec]}, ${size} bytes`
      await measure(`compress ${name}, ${times} times`, times, () => {
        for (let round = 0; round < times; round++) compress(codec, bytes)
        return Promise.resolve(packed.length)
      })
      await measure(`decompress ${name}, ${times} times`, times, () => {
        for (let round = 0; round < times; round++) decompress(codec, packed, 64 << 20)
        return Promise.resolve(size)
      })
    }
  }
}
