import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ArenaPool } from './frame-arena.ts'
import type { Frame } from './frame-arena.ts'
import { FrameReader } from './frame-reader.ts'

const arenaBytes = 256

function setUp(options: { maxFrameBytes?: number } = {}) {
  const arenas = new ArenaPool({ arenaBytes })
  const frames: Frame[] = []
  const reader = new FrameReader({
    arenas,
    peer: 'Cluster eu: broker b:1',
    onFrame: (frame) => frames.push(frame),
    ...options,
  })
  return { arenas, frames, reader }
}

/** Lets bytes arrive as a socket would: never more at once than the offered buffer holds. */
function arrive(reader: FrameReader, bytes: Buffer, atMost: number): void {
  for (let at = 0; at < bytes.length;) {
    const buffer = reader.buffer()
    assert.ok(buffer.length > 0)
    const count = bytes.copy(buffer, 0, at, Math.min(bytes.length, at + atMost))
    reader.accept(count)
    at += count
  }
}

function framed(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(payload.length)
  return Buffer.concat([length, payload])
}

test('frames come out as they went in, however the stream is cut and whenever they are released', () => {
  const payload = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 60 }),
    fc.uint8Array({ minLength: 200, maxLength: 300 }),
    fc.uint8Array({ minLength: 1000, maxLength: 1500 }),
  )
  const schedule = fc.array(fc.tuple(payload, fc.integer({ min: 1, max: 700 }), fc.boolean()), { maxLength: 30 })
  fc.assert(
    fc.property(schedule, (steps) => {
      const { arenas, frames, reader } = setUp()
      const held: { frame: Frame; expected: Buffer }[] = []
      for (const [bytes, atMost, isHeld] of steps) {
        arrive(reader, framed(bytes), atMost)
        const frame = frames.pop()
        assert.ok(frame)
        assert.deepEqual(Buffer.from(frame.bytes), Buffer.from(bytes))
        if (isHeld) held.push({ frame, expected: Buffer.from(bytes) })
        else frame.release()
      }
      // What was held back has not been written over by what came later.
      for (const { frame, expected } of held) {
        assert.deepEqual(Buffer.from(frame.bytes), expected)
        frame.release()
      }
      reader.close()
      assert.equal(arenas.bytesInUse, 0)
    }),
  )
})

test('many frames in one read, and a read across frames, come out one by one', () => {
  const sizes = fc.array(fc.integer({ min: 4, max: 120 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 300 }), (lengths, atMost) => {
      const { arenas, frames, reader } = setUp()
      const payloads = lengths.map((length, index) => Buffer.alloc(length, index + 1))
      arrive(reader, Buffer.concat(payloads.map(framed)), atMost)
      assert.deepEqual(
        frames.map((frame) => Buffer.from(frame.bytes)),
        payloads,
      )
      for (const frame of frames) frame.release()
      reader.close()
      assert.equal(arenas.bytesInUse, 0)
    }),
  )
})

test('a reader whose frames are released at once needs one arena for ever', () => {
  const { arenas, frames, reader } = setUp()
  for (let count = 0; count < 1000; count++) {
    arrive(reader, framed(Buffer.alloc(100, count)), 4096)
    frames.pop()?.release()
  }
  assert.equal(arenas.bytesAllocated, arenaBytes)
})

test('a frame lies in the memory where it was read: no copy', () => {
  const { frames, reader } = setUp()
  const buffer = reader.buffer()
  framed(Buffer.alloc(50, 7)).copy(buffer)
  reader.accept(54)
  buffer[4] = 99
  assert.equal(frames[0]?.bytes[0], 99)
})

test('a lying length takes no more memory than twice what came', () => {
  const { arenas, reader } = setUp()
  const head = Buffer.alloc(4)
  head.writeInt32BE(200 * 1024 * 1024)
  arrive(reader, Buffer.concat([head, Buffer.alloc(20_000)]), 4096)
  assert.ok(arenas.bytesInUse <= 2 * 20_004, `${arenas.bytesInUse} bytes in use`)
})

function refusal(bytes: Buffer, options: { maxFrameBytes?: number } = {}): unknown {
  const { reader } = setUp(options)
  try {
    arrive(reader, bytes, 4096)
  } catch (error) {
    return error
  }
  return null
}

test('an HTTP server is recognised by its first bytes', () => {
  assert.match(String(refusal(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))), /Cluster eu: broker b:1 speaks HTTP/)
})

test('a TLS alert and a TLS handshake are recognised, and the setting is named', () => {
  for (const head of ['15030300020250', '16030100c8']) {
    assert.match(String(refusal(Buffer.from(head, 'hex'))), /speaks TLS.*security\.protocol=SSL/)
  }
})

test('lengths that no answer can have are refused', () => {
  for (const length of [-1, -2147483648, 0, 3]) {
    const head = Buffer.alloc(4)
    head.writeInt32BE(length)
    assert.match(String(refusal(head)), new RegExp(`length ${length}:`))
  }
})

test('a frame above the limit is refused, and the limit is named', () => {
  const head = Buffer.alloc(4)
  head.writeInt32BE(1001)
  assert.match(String(refusal(head, { maxFrameBytes: 1000 })), /1001 bytes; the limit is 1000/)
  head.writeInt32BE(1000)
  assert.equal(refusal(head, { maxFrameBytes: 1000 }), null)
})
