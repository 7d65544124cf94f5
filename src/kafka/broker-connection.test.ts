import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ClientSettings } from '../config/client-settings.ts'
import { BrokerConnection } from './broker-connection.ts'
import type { ConnectionOptions } from './broker-connection.ts'
import { ArenaPool } from './frame-arena.ts'

const settings: ClientSettings = {
  bootstrapServers: ['unused:1'],
  securityProtocol: 'PLAINTEXT',
  clientId: 'unit',
  clientDnsLookup: 'use_all_dns_ips',
  connectionSetupTimeoutMs: 1000,
  connectionSetupTimeoutMaxMs: 1000,
  requestTimeoutMs: 1000,
  reconnectBackoffMs: 10,
  reconnectBackoffMaxMs: 10,
  retryBackoffMs: 10,
  retryBackoffMaxMs: 10,
  connectionsMaxIdleMs: 60_000,
  metadataMaxAgeMs: 60_000,
}

/** What a fake broker does with a request; it has answered ApiVersions before. */
type Answer = (socket: Socket, correlationId: number, apiKey: number) => void

/** ApiVersions v4: no error, one API (3, versions 0 to 12), no throttling, no tags. */
const apiVersions = '0000' + '02' + '00030000000c00' + '00000000' + '00'

function frame(correlationId: number, bodyHex: string): Buffer {
  const body = Buffer.from(bodyHex, 'hex')
  const head = Buffer.alloc(8)
  head.writeInt32BE(body.length + 4, 0)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, body])
}

async function listen(context: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  context.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A server that cuts requests out of the stream, answers the first one as a broker does, and gives the others to `answer`. */
function fakeBroker(context: TestContext, answer: Answer): Promise<number> {
  const server = createServer((socket) => {
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const apiKey = received.readInt16BE(4)
        const correlationId = received.readInt32BE(8)
        received = received.subarray(4 + received.readInt32BE(0))
        if (apiKey === 18) socket.write(frame(correlationId, apiVersions))
        else answer(socket, correlationId, apiKey)
      }
    })
  })
  return listen(context, server)
}

function connect(port: number, options: Partial<ConnectionOptions> = {}, overrides: Partial<ClientSettings> = {}) {
  const { signal } = new AbortController()
  const arenas = new ArenaPool({ arenaBytes: 4096 })
  const common = { signal, arenas, role: 'control', cluster: 'eu' }
  return BrokerConnection.connect(
    { host: '127.0.0.1', port, nodeId: 1 },
    { ...settings, ...overrides },
    { ...common, ...options },
  )
}

const plain = { request: false, response: false }

test('answers belong to requests in their order, and their frames go back to the arena', async (t) => {
  const arenas = new ArenaPool({ arenaBytes: 4096 })
  const port = await fakeBroker(t, (socket, correlationId, apiKey) =>
    socket.write(frame(correlationId, apiKey.toString(16).padStart(4, '0'))),
  )
  const connection = await connect(port, { arenas })
  assert.deepEqual(connection.apiRange(3), { min: 0, max: 12 })
  assert.equal(connection.apiRange(4), null)
  const flushed: number[] = []
  const requests = [5, 6, 7].map((apiKey) =>
    connection.request(apiKey, 0, plain, [Buffer.alloc(10), Buffer.alloc(10)], {
      timeoutMs: 1000,
      onFlushed: () => flushed.push(apiKey),
    }),
  )
  assert.equal(connection.pendingCount, 3)
  const frames = await Promise.all(requests)
  assert.deepEqual(
    frames.map(({ bytes, bodyStart }) => bytes.readInt16BE(bodyStart)),
    [5, 6, 7],
  )
  assert.deepEqual(flushed, [5, 6, 7])
  assert.equal(connection.unflushedBytes, 0)
  for (const one of frames) one.release()
  await connection[Symbol.asyncDispose]()
  assert.equal(arenas.bytesInUse, 0)
  assert.equal(connection.isOpen, false)
  await assert.rejects(connection.request(5, 0, plain, [], { timeoutMs: 1000 }), { code: 'CONNECTION_CLOSED' })
})

test('a request that is not answered in time ends the connection, and all who wait learn whether theirs was flushed', async (t) => {
  const port = await fakeBroker(t, () => {})
  await using connection = await connect(port)
  const first = connection.request(3, 0, plain, [], { timeoutMs: 100 })
  const second = connection.request(5, 0, plain, [], { timeoutMs: 5000 })
  await assert.rejects(first, (error: Error & { parameters?: Record<string, unknown> }) => {
    assert.match(error.message, /Cluster eu: broker 1 \(127.0.0.1:\d+\) did not answer Metadata within 100 ms/)
    assert.equal(error.parameters?.['flushed'], true)
    return true
  })
  await assert.rejects(second, { code: 'CONNECTION_LOST', action: 'refresh-metadata' })
  assert.equal(connection.isOpen, false)
})

test('what could not be flushed is said to be so', async (t) => {
  const port = await fakeBroker(t, (socket) => socket.pause())
  await using connection = await connect(port)
  const huge = connection.request(0, 0, plain, [Buffer.alloc(64 * 1024 * 1024)], { timeoutMs: 300 })
  assert.ok(connection.unflushedBytes > 64 * 1024 * 1024)
  await assert.rejects(
    huge,
    (error: Error & { parameters?: Record<string, unknown> }) => error.parameters?.['flushed'] === false,
  )
})

test('a connection lost in the middle of an answer rejects with broker, API and time', async (t) => {
  const port = await fakeBroker(t, (socket, correlationId) =>
    socket.end(frame(correlationId, '00'.repeat(100)).subarray(0, 50)),
  )
  await using connection = await connect(port)
  await assert.rejects(connection.request(3, 0, plain, [], { timeoutMs: 1000 }), (error: Error) => {
    assert.match(
      error.message,
      /broker 1 .* ended before the answer to Metadata came, after \d+ ms \(request flushed: true\)/,
    )
    return true
  })
  await connection.closed
})

test('a broker that closes an idle connection is normal: closed resolves, and says so', async (t) => {
  const port = await fakeBroker(t, (socket, correlationId) => socket.end(frame(correlationId, '00')))
  await using connection = await connect(port)
  const answer = await connection.request(3, 0, plain, [], { timeoutMs: 1000 })
  answer.release()
  await connection.closed
  assert.match(String(connection.closedReason?.message), /as it does with idle ones/)
})

test('a connection that idles longer than connections.max.idle.ms is closed by us', async (t) => {
  const port = await fakeBroker(t, () => {})
  await using connection = await connect(port, {}, { connectionsMaxIdleMs: 100 })
  await connection.closed
  assert.match(String(connection.closedReason?.message), /idle for 100 ms/)
})

test('an answer to another request ends the connection', async (t) => {
  const port = await fakeBroker(t, (socket, correlationId) => socket.write(frame(correlationId + 1, '00')))
  await using connection = await connect(port)
  await assert.rejects(connection.request(3, 0, plain, [], { timeoutMs: 1000 }), /correlation id 2 instead of 1/)
})

test('an answer larger than an arena comes whole, and its memory is given back', async (t) => {
  const arenas = new ArenaPool({ arenaBytes: 4096 })
  const port = await fakeBroker(t, (socket, correlationId) =>
    socket.write(frame(correlationId, 'ab'.repeat(1_000_000))),
  )
  await using connection = await connect(port, { arenas })
  const answer = await connection.request(3, 0, plain, [], { timeoutMs: 5000 })
  assert.equal(answer.bytes.length, 1_000_004)
  assert.equal(answer.bytes.indexOf('ab', 4, 'hex'), 4)
  assert.equal(answer.bytes.lastIndexOf(Buffer.from('ab', 'hex')), 1_000_003)
  assert.ok(arenas.bytesInUse >= 1_000_004)
  answer.release()
  assert.ok(arenas.bytesInUse <= 8192)
})

test('an announced frame above the limit ends the connection with the limit named', async (t) => {
  const port = await fakeBroker(t, (socket) => socket.write(Buffer.from('7fffffff00000000', 'hex')))
  await using connection = await connect(port, { maxFrameBytes: 1000 })
  await assert.rejects(connection.request(3, 0, plain, [], { timeoutMs: 1000 }), /2147483647 bytes; the limit is 1000/)
})

test('an HTTP server is named as such', async (t) => {
  const port = await listen(t, createHttpServer())
  await assert.rejects(connect(port), { code: 'PEER_SPEAKS_HTTP' })
})

test('a TLS server is named as such, with the setting to change', async (t) => {
  const port = await listen(
    t,
    createServer((socket) => socket.on('data', () => socket.end(Buffer.from('15030300020246', 'hex')))),
  )
  await assert.rejects(connect(port), { code: 'PEER_SPEAKS_TLS', kind: 'configuration' })
})

test('a server that says nothing is given up after request.timeout.ms', async (t) => {
  const port = await listen(
    t,
    createServer(() => {}),
  )
  await assert.rejects(connect(port, {}, { requestTimeoutMs: 100 }), { code: 'BROKER_SILENT' })
})

test('rubbish instead of an answer to ApiVersions is refused', async (t) => {
  const rubbish = ['00000004ffffffff', '0000000400000000', '00000006000000000000', '0000000b000000000000ff7fffffffff']
  for (const hex of rubbish) {
    const port = await listen(
      t,
      createServer((socket) => socket.once('data', () => socket.write(Buffer.from(hex, 'hex')))),
    )
    await assert.rejects(connect(port), { code: 'ANSWER_INVALID' }, hex)
  }
})

test('a broker without ApiVersions v4 is asked again in the version that it has', async (t) => {
  const asked: number[] = []
  const server = createServer((socket) =>
    socket.on('data', (request: Buffer) => {
      const version = request.readInt16BE(6)
      asked.push(version)
      // Error 35 and the broker's range of ApiVersions, in the form of v0; then its APIs.
      const answer = version === 4 ? '0023' + '00000001' + '001200000000' : '0000' + '00000001' + '000300000005'
      socket.write(frame(request.readInt32BE(8), answer))
    }),
  )
  await using connection = await connect(await listen(t, server))
  assert.deepEqual(asked, [4, 0])
  assert.deepEqual(connection.apiRange(3), { min: 0, max: 5 })
})

test('all addresses of a name are tried: a dead first one does not prevent the connection', async (t) => {
  const port = await fakeBroker(t, () => {})
  const lookup = async () => [{ address: '127.0.0.2' }, { address: '::1' }, { address: '127.0.0.1' }]
  await using connection = await connect(port, { lookup })
  assert.equal(connection.isOpen, true)
})

test('a name without addresses, a refused port and an unreachable address say what to check', async () => {
  const nowhere = { lookup: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })) }
  await assert.rejects(
    connect(9, nowhere),
    /broker 1 \(127.0.0.1:9\) cannot be resolved \(ENOTFOUND\)\. Check bootstrap\.servers/,
  )
  await assert.rejects(connect(9, { lookup: async () => [] }), { code: 'HOST_UNRESOLVED' })
  await assert.rejects(
    connect(9, { lookup: () => new Promise(() => {}), setupTimeoutMs: 50 }),
    /no answer from DNS within 50 ms/,
  )
  await assert.rejects(connect(9), /refused the connection at 127\.0\.0\.1 port 9/)
})

test('an aborted signal ends a connection that is being made, with its own reason', async (t) => {
  const port = await listen(
    t,
    createServer(() => {}),
  )
  const controller = new AbortController()
  const arenas = new ArenaPool({ arenaBytes: 4096 })
  const connecting = connect(port, { signal: controller.signal, arenas })
  setTimeout(() => controller.abort(new Error('enough')), 50)
  await assert.rejects(connecting, /enough/)
  await assert.rejects(connect(port, { signal: controller.signal }), /enough/)
})
