import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { cpuSeconds, peakRssMb } from './process-usage.ts'
import type { CpuSeconds } from './process-usage.ts'

/** `onread`: Node with buffers of its own; `socat`: a relay in C, where it is installed. */
export const RELAYS = ['onread', 'socat'] as const
export type RelayName = (typeof RELAYS)[number]

export interface RelayFigures {
  readonly gb: number
  readonly wallSeconds: number
  readonly cpu: CpuSeconds
  readonly peakRssMb: number
}

const SOCAT_BUFFER_BYTES = 1 << 20

/**
 * Relays a stream of bytes from one TCP connection to another and looks at nothing: the floor below every copy.
 * @returns undefined where that relay is not installed
 */
export async function measureRelay(name: RelayName, totalBytes: number): Promise<RelayFigures | undefined> {
  await using stack = new AsyncDisposableStack()
  const source = stack.adopt(peer('source', totalBytes), endOf)
  const sink = stack.adopt(peer('sink', totalBytes), endOf)
  const [sourcePort, sinkPort] = [await portOf(source), await portOf(sink)]
  const startedMs = performance.now()
  const relay = stack.adopt(startRelay(name, sourcePort, sinkPort), endOf)
  const isThere = await new Promise<boolean>((resolve) => {
    sink.once('message', () => resolve(true))
    relay.once('error', () => resolve(false))
  })
  if (!isThere) return undefined
  const pid = relay.pid ?? 0
  const wallSeconds = (performance.now() - startedMs) / 1000
  return { gb: totalBytes / 1e9, wallSeconds, cpu: cpuSeconds(pid), peakRssMb: peakRssMb(pid) }
}

function startRelay(name: RelayName, sourcePort: number, sinkPort: number): ChildProcess {
  if (name === 'onread') return peer('relay', sourcePort, sinkPort)
  const ends = [`TCP:127.0.0.1:${sourcePort}`, `TCP:127.0.0.1:${sinkPort}`]
  return spawn('socat', ['-b', String(SOCAT_BUFFER_BYTES), '-u', ...ends], { stdio: 'ignore' })
}

/** Ends by itself when our side of its IPC channel is gone. */
function peer(...args: (string | number)[]): ChildProcess {
  return fork(join(import.meta.dirname, 'relay-peer.ts'), args.map(String))
}

async function portOf(child: ChildProcess): Promise<number> {
  const [message] = (await once(child, 'message')) as [{ port: number }]
  return message.port
}

function endOf(child: ChildProcess): void {
  child.kill('SIGKILL')
}

if (import.meta.main) {
  for (const name of RELAYS) {
    const figures = await measureRelay(name, Number(process.argv[2] ?? 4e9))
    const text =
      figures === undefined
        ? 'not installed'
        : `${((figures.cpu.user + figures.cpu.system) / figures.gb).toFixed(2)} CPU s/GB`
    process.stdout.write(`${name}: ${text} ${JSON.stringify(figures ?? {})}\n`)
  }
}
