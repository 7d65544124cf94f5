import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tryFileLock } from './file-lock.ts'
import type { FileLock } from './file-lock.ts'
import { kitErrors } from './kit-errors.ts'

/**
 * Below the range from which Linux takes the ports of outgoing connections, so that nobody's connection sits on a port
 * while its broker is down for a restart.
 */
const LOW = 12_000
const HIGH = 32_000
const ATTEMPTS = 500

/** A port that no other process of the kit will choose until it is disposed of. */
export interface FreePort extends AsyncDisposable {
  readonly port: number
}

/**
 * Finds a port on which nobody listens and reserves it against other users of the kit.
 * @throws NO_FREE_PORT
 */
export async function freePort(host: string): Promise<FreePort> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = LOW + Math.floor(Math.random() * (HIGH - LOW))
    const lock: FileLock | undefined = await tryFileLock(join(tmpdir(), 'twinlog-ports', String(port)))
    if (lock === undefined) continue
    if (await canListen(host, port)) return { port, [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() }
    await lock[Symbol.asyncDispose]()
  }
  throw kitErrors.NO_FREE_PORT({ low: LOW, high: HIGH, host })
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
