import { lookup as dnsLookup } from 'node:dns/promises'
import { connect as netConnect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { errors } from '../base/errors.ts'
import type { ClientSettings } from '../config/client-settings.ts'
import { abortable } from './abortable.ts'
import { brokerName } from './broker-address.ts'
import type { BrokerAddress } from './broker-address.ts'
import { connectError } from './connect-error.ts'
import { tlsOptions } from './tls-options.ts'

/** Resolves a host name to all its addresses, in the order in which they are to be tried. */
export type Lookup = (host: string) => Promise<readonly { readonly address: string }[]>

/** Where reads land: see FrameReader. Neither function may throw. */
export interface SocketReader {
  buffer(): Buffer
  accept(count: number): void
}

export interface SocketOptions {
  readonly cluster: string
  readonly reader: SocketReader
  readonly signal: AbortSignal
  /** For each address of the name, ms; absent: socket.connection.setup.timeout.ms. */
  readonly setupTimeoutMs?: number
  readonly lookup?: Lookup
}

/** The name's addresses as the system orders them, IPv4 and IPv6. */
export const systemLookup: Lookup = (host) => dnsLookup(host, { all: true, order: 'verbatim' })

/**
 * Opens a TCP or TLS connection. The name is resolved anew at each call and all its addresses are tried in turn, each for the
 * connection set-up time (KIP-602, KIP-601): so one dead address delays, but does not prevent, a connection.
 * A loop of our own, not Node's `autoSelectFamily`: that gives up the buffers of `onread` between attempts.
 * @throws the reason of the last address, as an error for people (connectError); the signal's reason when aborted
 */
export async function openSocket(
  broker: BrokerAddress,
  settings: ClientSettings,
  options: SocketOptions,
): Promise<Socket> {
  const addresses = await resolveAll(broker, options.setupTimeoutMs ?? settings.connectionSetupTimeoutMs, options)
  let reason: unknown
  for (const { address } of addresses) {
    options.signal.throwIfAborted()
    try {
      return await openOne(broker, address, settings, options)
    } catch (error) {
      options.signal.throwIfAborted()
      reason = error
    }
  }
  throw reason
}

async function resolveAll(
  broker: BrokerAddress,
  timeoutMs: number,
  { cluster, lookup = systemLookup, signal }: SocketOptions,
) {
  try {
    const addresses = await abortable(lookup(broker.host), AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
    if (addresses.length > 0) return addresses
  } catch (error) {
    signal.throwIfAborted()
    const reason = isTimeout(error) ? `no answer from DNS within ${timeoutMs} ms` : codeOf(error)
    throw errors.HOST_UNRESOLVED({ cluster, broker: brokerName(broker), reason }, { cause: error })
  }
  throw errors.HOST_UNRESOLVED({ cluster, broker: brokerName(broker), reason: 'the name has no addresses' })
}

function openOne(
  broker: BrokerAddress,
  address: string,
  settings: ClientSettings,
  { cluster, reader, signal, setupTimeoutMs = settings.connectionSetupTimeoutMs }: SocketOptions,
): Promise<Socket> {
  const attempt = { cluster, broker, address: `${address} port ${broker.port}`, settings, timeoutMs: setupTimeoutMs }
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  let socket: Socket
  try {
    socket = createSocket(broker, address, settings, reader)
  } catch (error) {
    // Node checks certificates, keys and cipher names when the socket is made.
    throw errors.TLS_SETTINGS_INVALID({ cluster, reason: reasonOf(error) }, { cause: error })
  }
  // As Kafka's Selector: small requests leave at once, and a vanished peer is noticed some day. The listener: an error that
  // nobody waits for any more must not end the process.
  socket
    .setNoDelay(true)
    .setKeepAlive(true)
    .on('error', () => {})
  let isConnected = false
  const settle = () => {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    socket
      .off(settings.tls === undefined ? 'connect' : 'secureConnect', onReady)
      .off('error', onError)
      .off('close', onClose)
  }
  const fail = (error: unknown) => {
    settle()
    socket.destroy()
    reject(error)
  }
  const step = () => (isConnected ? 'the TLS handshake' : 'connecting')
  const onReady = () => {
    settle()
    resolve(socket)
  }
  const onError = (error: Error) => fail(connectError(error, { ...attempt, step: step() }))
  const onClose = () => fail(connectError(null, { ...attempt, step: step() }))
  const onAbort = () => fail(signal.reason)
  const timer = setTimeout(() => {
    fail(errors.CONNECTION_TIMED_OUT({ ...attempt, broker: brokerName(broker), step: step() }))
  }, setupTimeoutMs)
  signal.addEventListener('abort', onAbort, { once: true })
  socket.once('connect', () => (isConnected = true))
  socket
    .once(settings.tls === undefined ? 'connect' : 'secureConnect', onReady)
    .once('error', onError)
    .once('close', onClose)
  return promise
}

function createSocket(broker: BrokerAddress, address: string, settings: ClientSettings, reader: SocketReader): Socket {
  const onread = {
    buffer: () => reader.buffer(),
    callback: (count: number) => {
      reader.accept(count)
      return true
    },
  }
  const common = { host: address, port: broker.port, autoSelectFamily: false, onread }
  if (settings.tls === undefined) return netConnect(common)
  // `onread` reaches the socket through tls.connect, which the types of Node do not say.
  const options = { ...common, ...tlsOptions(settings.tls, broker.host) }
  return tlsConnect(options)
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
