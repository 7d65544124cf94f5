import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaUser } from './cluster-options.ts'
import { kitErrors } from './kit-errors.ts'

const SASL_HANDSHAKE = 17
const SASL_AUTHENTICATE = 36
const METADATA = 3
const PROBE_TIMEOUT_MS = 5_000
const POLL_MS = 100

export interface ProbeTarget {
  readonly host: string
  readonly port: number
  /** Login with SASL PLAIN before asking; undefined on an open listener. */
  readonly user: KafkaUser | undefined
}

/** What a broker says about its cluster. */
export interface ClusterView {
  readonly brokerIds: readonly number[]
  /** -1 while there is none. */
  readonly controllerId: number
}

/**
 * Asks one broker for its view, over and over, until it satisfies.
 * @param isReady   judges the view
 * @param signal    ends the waiting; its reason is thrown
 */
export async function waitForView(
  target: ProbeTarget,
  isReady: (view: ClusterView) => boolean,
  signal: AbortSignal,
): Promise<ClusterView> {
  for (;;) {
    const view = await askForView(target)
    if (view !== undefined && isReady(view)) return view
    await sleep(POLL_MS, undefined, { signal })
  }
}

/** One connection, one question. Undefined when the broker does not answer it (yet). */
export async function askForView(target: ProbeTarget): Promise<ClusterView | undefined> {
  const socket = connect({ host: target.host, port: target.port, timeout: PROBE_TIMEOUT_MS })
  try {
    const answers = framesOf(socket)
    if (target.user !== undefined) await logIn(socket, answers, target.user)
    // Metadata v1 with an empty list asks for brokers and controller only.
    const answer = await ask(socket, answers, METADATA, 1, Buffer.from([0, 0, 0, 0]))
    return readView(answer)
  } catch {
    // Refused, reset, closed or cut off: all mean "not ready", which is what the caller asks about.
    return undefined
  } finally {
    socket.destroy()
  }
}

async function logIn(socket: Socket, answers: AsyncIterator<Buffer>, user: KafkaUser): Promise<void> {
  await ask(socket, answers, SASL_HANDSHAKE, 1, kafkaString('PLAIN'))
  const token = Buffer.from(`\0${user.name}\0${user.password}`)
  const answer = await ask(socket, answers, SASL_AUTHENTICATE, 0, Buffer.concat([int32(token.length), token]))
  const errorCode = answer.readInt16BE(4)
  if (errorCode !== 0) throw failed(socket, `login failed with error code ${errorCode}`)
}

async function ask(
  socket: Socket,
  answers: AsyncIterator<Buffer>,
  apiKey: number,
  version: number,
  body: Buffer,
): Promise<Buffer> {
  const header = Buffer.from([0, apiKey, 0, version, 0, 0, 0, 1])
  const payload = Buffer.concat([header, kafkaString('twinlog-kit'), body])
  socket.write(Buffer.concat([int32(payload.length), payload]))
  const { value, done } = await answers.next()
  if (done === true) throw failed(socket, 'the connection was closed')
  return value
}

/** Answers without their length field, beginning with the correlation id. */
async function* framesOf(socket: Socket): AsyncGenerator<Buffer, void> {
  let held: Buffer = Buffer.alloc(0)
  socket.once('timeout', () => socket.destroy(failed(socket, 'no answer in time')))
  for await (const chunk of socket) {
    held = Buffer.concat([held, chunk as Buffer])
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0)
      yield held.subarray(4, end)
      held = held.subarray(end)
    }
  }
}

/** Metadata v1: correlation id, [node id, host, port, rack], controller id, topics. */
function readView(answer: Buffer): ClusterView {
  let at = 4
  const take = (bytes: number): number => (at += bytes) - bytes
  const skipString = (): void => void take(Math.max(0, answer.readInt16BE(take(2))))
  const brokerIds: number[] = []
  const count = answer.readInt32BE(take(4))
  for (let index = 0; index < count; index += 1) {
    brokerIds.push(answer.readInt32BE(take(4)))
    skipString()
    take(4)
    skipString()
  }
  return { brokerIds, controllerId: answer.readInt32BE(take(4)) }
}

function failed(socket: Socket, reason: string): Error {
  return kitErrors.PROBE_FAILED({ host: socket.remoteAddress, port: socket.remotePort, reason })
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

function kafkaString(value: string): Buffer {
  return Buffer.concat([Buffer.from([0, Buffer.byteLength(value)]), Buffer.from(value)])
}
