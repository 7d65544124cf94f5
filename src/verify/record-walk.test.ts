import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openMemoryPartition } from '../../test/support/memory-partition.ts'
import { wireFixture } from '../../test/support/wire-fixture.ts'
import type { OpenSupply } from './record-supply.ts'
import { StretchComparison } from './stretch-comparison.ts'
import type { FoundDifference } from './stretch-comparison.ts'

/** A partition that is one answer of these bytes. */
function openBytes(bytes: Buffer): OpenSupply {
  return () => {
    let isRead = false
    return {
      next() {
        if (isRead) return Promise.resolve(null)
        isRead = true
        return Promise.resolve({
          bytes,
          recordsStart: 0,
          recordsEnd: bytes.length,
          aborted: null,
          release: () => undefined,
        })
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  }
}

const FIRST_OFFSET = 100

function present(timestamps: readonly bigint[]): OpenSupply {
  const records = timestamps.map((timestamp, index) => ({
    offset: index,
    timestamp,
    key: `k${index}`,
    value: `v${index}`,
  }))
  return openMemoryPartition([{ records, codec: 4 }])
}

async function compare(
  source: OpenSupply,
  target: OpenSupply,
): Promise<{ sameCount: number; differences: FoundDifference[] }> {
  const differences: FoundDifference[] = []
  const stretch = { upstreamFrom: FIRST_OFFSET, upstreamTo: FIRST_OFFSET + 2, downstreamFrom: 0, downstreamTo: 2 }
  const comparison = new StretchComparison({ source, target }, stretch, {
    isChecked: true,
    hasTimestamps: true,
    isNewest: true,
    copiedTo: FIRST_OFFSET + 2,
    isTargetEndOpen: false,
    isFirstEnough: false,
    differencesMax: 10,
    onDifference: async (difference) => void differences.push(difference),
  })
  await comparison.run()
  return { sameCount: comparison.sameCount, differences }
}

describe("message sets of old formats, as Kafka's own classes write them, against batches of today", () => {
  const created = [1_690_000_000_000n, 1_690_000_000_001n]
  const table: [string, readonly bigint[]][] = [
    ...['plain', 'gzip', 'snappy', 'lz4'].map((codec): [string, bigint[]] => [`0 ${codec}`, [-1n, -1n]]),
    ...['plain', 'gzip', 'snappy', 'lz4'].map((codec): [string, bigint[]] => [`1 ${codec}`, created]),
    ['1 plain append time', [1_700_000_000_000n, 1_700_000_000_000n]],
    ['1 lz4 append time', [1_700_000_000_000n, 1_700_000_000_000n]],
  ]
  for (const [name, timestamps] of table) {
    test(`magic ${name}`, async () => {
      const old = openBytes(wireFixture('kafka-classes', `message set magic ${name}`))
      assert.deepEqual(await compare(old, present(timestamps)), { sameCount: 2, differences: [] })
      const { differences } = await compare(old, present([timestamps[0] ?? 0n, 5n]))
      assert.deepEqual(differences, [{ kind: 'changed', upstream: FIRST_OFFSET + 1, downstream: 1, count: 1 }])
    })
  }

  test('a damaged one is an error', async () => {
    const bytes = wireFixture('kafka-classes', 'message set magic 1 plain')
    bytes[bytes.length - 1] = 0
    await assert.rejects(compare(openBytes(bytes), present(created)), { code: 'BATCH_CORRUPT' })
  })
})
