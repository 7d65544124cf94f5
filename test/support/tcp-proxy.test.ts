import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, describe, it } from 'node:test'
import { createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import { startTcpProxy } from './tcp-proxy.ts'
import type { TcpProxy, TcpProxyOptions } from './tcp-proxy.ts'

const PRODUCE = 0

/** A request frame: api key, version 0, correlation id, no client id, a body. */
function request(apiKey: number, correlationId: number, body = 'body'): Buffer {
  const frame = Buffer.alloc(14 + body.length)
  frame.writeInt32BE(frame.length - 4, 0)
  frame.writeInt16BE(apiKey, 4)
  frame.writeInt32BE(correlationId, 8)
  frame.writeInt16BE(-1, 12)
  frame.write(body, 14)
  return frame
}

/** A broker of a kind: answers each request frame with its correlation id and body. */
function startEchoBroker(): Server {
  return createServer((socket) => {
    let held = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
        const frame = held.subarray(0, 4 + held.readInt32BE(0))
        held = held.subarray(frame.length)
        const answer = Buffer.concat([Buffer.alloc(4), frame.subarray(8, 12), frame.subarray(14)])
        answer.writeInt32BE(answer.length - 4, 0)
        socket.write(answer)
      }
    })
  })
}

class Client {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  receivedBytes = 0
  isClosed = false

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.receivedBytes += chunk.length
    })
    this.socket.on('error', () => this.socket.destroy())
    this.socket.on('close', () => {
      this.isClosed = true
    })
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  async until(isDone: (client: this) => boolean, timeoutMs = 5_000): Promise<number> {
    const start = performance.now()
    while (!isDone(this)) {
      assert.ok(performance.now() - start < timeoutMs, `waited ${timeoutMs} ms, have ${this.receivedBytes} bytes`)
      await sleep(1)
    }
    return performance.now() - start
  }
}

describe('TCP proxy', () => {
  let broker: Server
  let target: { host: string; port: number }

  before(async () => {
    broker = startEchoBroker()
    broker.listen(0, '127.0.0.1')
    await once(broker, 'listening')
    target = { host: '127.0.0.1', port: (broker.address() as AddressInfo).port }
  })
  after(() => broker.close())

  const withProxy = async (
    work: (proxy: TcpProxy, client: Client) => Promise<void>,
    options: TcpProxyOptions = {},
  ): Promise<void> => {
    await using proxy = await startTcpProxy({ ...options, target })
    const client = new Client(proxy.port)
    try {
      await work(proxy, client)
    } finally {
      client.socket.destroy()
    }
  }

  for (const mode of ['frames', 'bytes'] as const) {
    it(`forwards in both directions (${mode})`, () =>
      withProxy(
        async (_proxy, client) => {
          const bodies = ['a', 'b'.repeat(300_000), 'c']
          client.socket.write(Buffer.concat(bodies.map((body, index) => request(3, index, body))))
          const size = bodies.reduce((sum, body) => sum + 8 + body.length, 0)
          await client.until(({ receivedBytes }) => receivedBytes === size)
          assert.equal(client.received.toString('latin1', size - 1), 'c')
        },
        { mode },
      ))

    it(`a delay is added once to each byte and does not narrow the link (${mode})`, () =>
      withProxy(
        async (proxy, client) => {
          proxy.toBroker.delayMs = 100
          proxy.toClient.delayMs = 50
          client.socket.write(request(3, 1))
          const first = await client.until(({ receivedBytes }) => receivedBytes === 12)
          assert.ok(first >= 145, `took ${first} ms`)
          const body = 'x'.repeat(1 << 20)
          for (let index = 0; index < 20; index += 1) client.socket.write(request(3, index, body))
          // With 256 KiB on the way at a time, 20 MiB would take 12 s. Upper limits are wide: the machine may be busy.
          const many = await client.until(({ receivedBytes }) => receivedBytes >= 20 * body.length)
          assert.ok(many < 5_000, `20 MiB took ${many} ms`)
        },
        { mode },
      ))
  }

  it('keeps to a rate', () =>
    withProxy(async (proxy, client) => {
      proxy.toClient.bytesPerSecond = 1_000_000
      client.socket.write(request(3, 1, 'x'.repeat(300_000)))
      const took = await client.until(({ receivedBytes }) => receivedBytes >= 300_000)
      assert.ok(took > 250 && took < 3_000, `300 kB at 1 MB/s took ${took} ms`)
    }))

  it('stalls and goes on', () =>
    withProxy(async (proxy, client) => {
      proxy.toClient.stall()
      client.socket.write(request(3, 1))
      await sleep(80)
      assert.equal(client.receivedBytes, 0)
      proxy.toClient.resume()
      await client.until(({ receivedBytes }) => receivedBytes === 12)
    }))

  it('cuts after exactly so many bytes, in mid-frame', () =>
    withProxy(async (proxy, client) => {
      client.socket.write(request(3, 1))
      await client.until(({ receivedBytes }) => receivedBytes === 12)
      proxy.toClient.cutAfter(7)
      client.socket.write(request(3, 2))
      await client.until(({ isClosed }) => isClosed)
      assert.equal(client.receivedBytes, 12 + 7)
      assert.equal(proxy.connectionCount, 0)
    }))

  it('cuts what is open, refuses and ignores what is new', () =>
    withProxy(async (proxy, client) => {
      client.socket.write(request(3, 1))
      await client.until(({ receivedBytes }) => receivedBytes === 12)
      proxy.newConnections = 'reset'
      proxy.cutAll()
      await client.until(({ isClosed }) => isClosed)
      const refused = new Client(proxy.port)
      await refused.until(({ isClosed }) => isClosed)
      proxy.newConnections = 'ignore'
      const ignored = new Client(proxy.port)
      ignored.socket.write(request(3, 1))
      await sleep(80)
      assert.deepEqual([ignored.receivedBytes, ignored.isClosed], [0, false])
      proxy.cutAll()
      await ignored.until(({ isClosed }) => isClosed)
      proxy.newConnections = 'accept'
      const accepted = new Client(proxy.port)
      accepted.socket.write(request(3, 1))
      await accepted.until(({ receivedBytes }) => receivedBytes === 12)
      accepted.socket.destroy()
    }))

  it('swallows the n-th answer to one kind of request', () =>
    withProxy(async (proxy, client) => {
      const lost = proxy.loseAnswer({ apiKey: PRODUCE, nth: 2, afterwards: 'leave-open' })
      for (const [index, apiKey] of [PRODUCE, 3, PRODUCE, 3, PRODUCE].entries())
        client.socket.write(request(apiKey, index))
      assert.equal((await lost).correlationId, 2)
      await client.until(({ receivedBytes }) => receivedBytes === 4 * 12)
      const ids = [0, 1, 2, 3].map((index) => client.received.readInt32BE(index * 12 + 4))
      assert.deepEqual(ids, [0, 1, 3, 4])
    }))

  it('puts other bytes in the place of an answer, and answers for the broker', () =>
    withProxy(async (proxy, client) => {
      const forged = Buffer.from([0, 0, 0, 5, 0, 0, 0, 1, 9])
      using _answers = proxy.onAnswer((header, sent, answer) => {
        assert.deepEqual([sent.length, answer.length], [18, 12])
        return header.correlationId === 1 ? forged : 'forward'
      })
      using _requests = proxy.onRequest((header) =>
        header.apiKey === 18 ? Buffer.from([0, 0, 0, 4, 0, 0, 0, 7]) : 'forward',
      )
      client.socket.write(request(3, 1))
      await client.until(({ receivedBytes }) => receivedBytes === 9)
      assert.deepEqual(client.received, forged)
      client.socket.write(request(18, 7))
      await client.until(({ receivedBytes }) => receivedBytes === 17)
    }))

  it('a cut answer ends the connection, also after a part of it', () =>
    withProxy(async (proxy, client) => {
      using _hook = proxy.onAnswer((_header, _sent, answer) => ({ lastBytes: answer.subarray(0, 6) }))
      client.socket.write(request(3, 1))
      await client.until(({ isClosed }) => isClosed)
      assert.equal(client.receivedBytes, 6)
    }))

  it('before a real broker it loses a Produce answer, and the idempotent producer writes once', async () => {
    await using cluster = await startCluster({ proxy: true })
    const proxy = cluster.broker(1).proxy
    assert.ok(proxy)
    assert.equal(cluster.bootstrap, `127.0.0.1:${proxy.port}`)
    await createTopics(cluster, { name: 'lost' })
    const lost = proxy.loseAnswer({ apiKey: PRODUCE, afterwards: 'cut' })
    const steps = ['a', 'b', 'c'].flatMap((value) => [{ topic: 'lost', partition: 0, value }, 'flush' as const])
    const acks = await produceRecords(cluster.clientProperties(), steps)
    assert.equal((await lost).apiKey, PRODUCE)
    assert.deepEqual(
      acks.map(({ offset }) => offset),
      [0, 1, 2],
    )
    const records = await dumpRecords({ client: cluster.adminProperties, topic: 'lost' })
    assert.deepEqual(
      records.map(({ value }) => value?.toString()),
      ['a', 'b', 'c'],
    )
  })
})
