import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts'

/** As the grammar says it, with bigints. */
function encode(value: bigint, bits: number): Buffer {
  let rest = BigInt.asUintN(bits, (value << 1n) ^ (value >> BigInt(bits - 1)))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

/** Numbers of every length, and the borders. */
const int64s = fc
  .tuple(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.integer({ min: 0, max: 63 }))
  .map(([value, shift]) => value >> BigInt(shift))
const BORDERS = [0n, -1n, 63n, 64n, -64n, -65n, 2n ** 31n, 2n ** 31n - 1n, -(2n ** 31n), 2n ** 63n - 1n, -(2n ** 63n)]

test('a VARINT has the bytes and the size that the grammar says', () => {
  const check = (value: number): void => {
    const bytes = Buffer.alloc(12)
    const end = writeVarint(bytes, 1, value)
    assert.deepEqual(bytes.subarray(1, end), encode(BigInt(value), 32))
    assert.equal(sizeOfVarint(value), end - 1)
  }
  for (const value of BORDERS) check(Number(BigInt.asIntN(32, value)))
  fc.assert(
    fc.property(int64s, (value) => check(Number(BigInt.asIntN(32, value)))),
    { numRuns: 5000 },
  )
})

test('a VARLONG has the bytes and the size that the grammar says', () => {
  const check = (value: bigint): void => {
    const bytes = Buffer.alloc(12)
    const [high, low] = [Number(value >> 32n), Number(BigInt.asIntN(32, value))]
    const end = writeVarlong(bytes, 1, high, low)
    assert.deepEqual(bytes.subarray(1, end), encode(value, 64))
    assert.equal(sizeOfVarlong(high, low), end - 1)
  }
  for (const value of BORDERS) check(value)
  fc.assert(fc.property(int64s, check), { numRuns: 5000 })
})
