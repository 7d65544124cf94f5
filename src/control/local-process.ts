import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ProcessIdentity } from '../mirror/process-identity.ts'

/** This process, and what it can find out about others on its machine. Linux tells; elsewhere places are unknown, and nobody is ever said to be gone. */
export class LocalProcess {
  readonly identity: ProcessIdentity
  readonly processId = randomUUID()
  readonly startedAtMs: number
  /** Of twinlog. */
  readonly version: string

  constructor({ version, nowMs }: { readonly version: string; readonly nowMs: number }) {
    this.version = version
    this.startedAtMs = nowMs
    const { pid } = process
    this.identity = { host: hostname(), pid, place: placeOfThisProcess(), startTicks: statOf(pid)?.startTicks ?? null }
  }

  /**
   * Whether another process is gone for certain. It is asked for by signal 0, which also sees processes whose /proc is hidden (hidepid); if the
   * pid lives, its start time tells whether it is still the same process. A process of another place (machine, boot, container) is never said to be gone.
   */
  isGone({ place, pid, startTicks }: ProcessIdentity): boolean {
    if (place === null || place !== this.identity.place || startTicks === null) return false
    if (!isRunning(pid)) return true
    const stat = statOf(pid)
    return stat !== null && (stat.startTicks !== startTicks || stat.isDead)
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it is there, and another user's.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** Host name, boot and pid namespace in one: containers of one machine share its boot, and count their pids by themselves. */
function placeOfThisProcess(): string | null {
  const bootId = readOrNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = readOrNull(() => readlinkSync('/proc/self/ns/pid'))
  if (bootId === null || namespace === null) return null
  return createHash('sha256')
    .update(JSON.stringify([hostname(), bootId, namespace]))
    .digest('hex')
    .slice(0, 12)
}

/** Null where it cannot be read. Source: proc_pid_stat(5): fields 3 (state) and 22 (starttime) count from the pid; field 2 may hold anything. */
function statOf(pid: number): { startTicks: number; isDead: boolean } | null {
  const text = readOrNull(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ') ?? []
  const [state = '', startTicks = ''] = [fields[0], fields[19]]
  return /^\d+$/.test(startTicks) ? { startTicks: Number(startTicks), isDead: /^[ZX]$/.test(state) } : null
}

function readOrNull(read: () => string): string | null {
  try {
    return read()
  } catch (error) {
    // Not Linux, or hidden from us: then it is not known.
    if (error instanceof Error && 'syscall' in error) return null
    throw error
  }
}
