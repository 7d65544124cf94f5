import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, openSync, closeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { watchdog } from '../dev/kafka/watchdog.ts'
import { remoteTopic } from './contestant.ts'
import type { ContestantFacts, FlowUnderTest, HeapFacts, RunningContestant } from './contestant.ts'
import { writeFlowFile } from './mirror-maker.ts'

const STOP_TIMEOUT_MS = 12_000
const checkout = join(import.meta.dirname, '..')

/** Whether there is a product to measure yet. */
export function isTwinlogThere(): boolean {
  return existsSync(join(checkout, 'src', 'main.ts')) && existsSync(join(checkout, 'bin', 'twinlog'))
}

/** twinlog, with the very file that MirrorMaker 2 as shipped gets. */
export async function startTwinlog(flow: FlowUnderTest, isExactlyOnce = false): Promise<RunningContestant> {
  const file = await writeFlowFile(flow, isExactlyOnce ? 'mm2-shipped-eos' : 'mm2-shipped')
  return startNode(join(checkout, 'bin', 'twinlog'), [file], flow)
}

/** The remote topic has to be there; copies until it is stopped, as the others do. */
export function startBareCopy(flow: FlowUnderTest): RunningContestant {
  const { sourceBootstrap, targetBootstrap, topic, partitionsCount } = flow
  const addresses = ['--source', sourceBootstrap, '--target', targetBootstrap.split(',')[0] ?? '']
  const topics = ['--topic', topic, '--to', remoteTopic(flow), '--partitions', String(partitionsCount), '--follow']
  return startNode(process.execPath, [join(import.meta.dirname, 'bare-copy.ts'), ...addresses, ...topics], flow)
}

function startNode(command: string, args: readonly string[], flow: FlowUnderTest): RunningContestant {
  const probeFile = join(flow.folder, 'heap.json')
  const logFile = join(flow.folder, 'contestant.log')
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, {
    cwd: flow.folder,
    stdio: ['ignore', log, log],
    env: {
      ...process.env,
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'heap-probe.ts')}`,
      BENCH_HEAP_FILE: probeFile,
    },
  })
  closeSync(log)
  const pid = child.pid ?? 0
  watchdog().guard(pid)
  return {
    pid,
    logFile,
    get hasEnded() {
      return hasEnded(child)
    },
    stop: async () => {
      await end(child)
      watchdog().release(pid)
      return heapFacts(probeFile)
    },
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  child.kill('SIGTERM')
  for (let waitedMs = 0; waitedMs < STOP_TIMEOUT_MS && !hasEnded(child); waitedMs += 50) await sleep(50)
  if (!hasEnded(child)) child.kill('SIGKILL')
  while (!hasEnded(child)) await sleep(10)
}

async function heapFacts(file: string): Promise<ContestantFacts> {
  if (!existsSync(file)) return {} // it was killed, or ended by a signal it does not handle
  return { heap: JSON.parse(await readFile(file, 'utf8')) as HeapFacts }
}
