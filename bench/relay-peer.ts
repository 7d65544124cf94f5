/*
 * The processes of a relay measurement (relay-floor.ts starts them with an IPC channel): `source` sends bytes to whoever
 * connects, `sink` counts what it gets, `relay` connects both with as little as Node can do.
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

const [role, ...args] = process.argv.slice(2)
const READ_BYTES = 1 << 20
const RELAY_BUFFERS = 8

if (role === 'source') serve((socket) => send(socket, Number(args[0])))
else if (role === 'sink') serve((socket) => receive(socket, Number(args[0])))
else if (role === 'relay') relay(Number(args[0]), Number(args[1]))
process.on('disconnect', () => process.exit(0))

function serve(onConnection: (socket: Socket) => void): void {
  const server = createServer(onConnection)
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
}

/** Leaves the connection open, so that the relay lives until it was measured. */
function send(socket: Socket, totalBytes: number): void {
  const chunk = Buffer.alloc(READ_BYTES, 7)
  let leftBytes = totalBytes
  const fill = (): void => {
    while (leftBytes > 0) {
      const bytes = Math.min(leftBytes, chunk.length)
      leftBytes -= bytes
      if (!socket.write(chunk.subarray(0, bytes))) return void socket.once('drain', fill)
    }
  }
  fill()
}

function receive(socket: Socket, totalBytes: number): void {
  let leftBytes = totalBytes
  socket.on('data', (chunk) => {
    leftBytes -= chunk.length
    if (leftBytes === 0) process.send?.('all')
  })
}

/** Reads with `onread` into a ring of buffers; each is used again when it was written out. */
function relay(sourcePort: number, sinkPort: number): void {
  const idle = Array.from({ length: RELAY_BUFFERS }, () => Buffer.allocUnsafeSlow(READ_BYTES))
  const output = connect({ port: sinkPort, host: '127.0.0.1', noDelay: true })
  let reading = Buffer.alloc(0)
  const input = connect({
    port: sourcePort,
    host: '127.0.0.1',
    onread: {
      buffer: () => (reading = idle.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES)),
      callback: (readBytes) => {
        const written = reading
        output.write(written.subarray(0, readBytes), () => {
          idle.push(written)
          input.resume()
        })
        return idle.length > 0 // false stops reading until a buffer is back
      },
    },
  })
}
