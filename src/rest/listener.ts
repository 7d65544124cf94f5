import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../base/clock.ts'
import { formatListener } from '../config/listener-address.ts'
import type { ListenerAddress } from '../config/listener-address.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'

export interface ListenerDependencies {
  readonly clock: Clock
  readonly observe: Observer<EventName>
  createServer(): FastifyInstance
}

/** Who holds the port may go away: a standby gets it when the owner ends. */
const retryMs = 10_000

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'Somebody listens there, perhaps another twinlog. It is tried again; set twinlog.listeners to another port, or to port 0 for a free one',
  EACCES: 'Ports below 1024 need permission: set twinlog.listeners to a higher one',
  EADDRNOTAVAIL: 'This machine has no such address: correct twinlog.listeners',
  ENOTFOUND: 'There is no such host name: correct twinlog.listeners',
}

/** Serves at an address until the signal. That it cannot is said once, and tried again: nothing that copies depends on it. */
export async function runListener(
  address: ListenerAddress,
  { clock, observe, createServer }: ListenerDependencies,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  let hasFailed = false
  while (!signal.aborted) {
    const server = createServer()
    try {
      await server.listen({ host: address.host, port: address.port })
      const { port } = server.server.address() as AddressInfo
      observe.event('ListenerOpened', { address: formatListener({ host: address.host, port }), port })
      await untilAborted(signal)
    } catch (error) {
      if (signal.aborted) return
      if (!hasFailed)
        observe.event('ListenerFailed', { address: formatListener(address), error, remedy: remedyOf(error) })
      hasFailed = true
    } finally {
      await server.close()
    }
    await clock.sleep(retryMs, { signal }).catch((reason: unknown) => {
      if (!signal.aborted) throw reason
    })
  }
}

function remedyOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return remedies[code] ?? 'It is tried again'
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
