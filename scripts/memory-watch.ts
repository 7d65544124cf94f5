import { readdirSync, readFileSync } from 'node:fs'

/** A process that took more memory than anything of ours may. */
export interface Glutton {
  readonly pid: number
  readonly command: string
  readonly rssBytes: number
}

export interface MemoryWatchOptions {
  readonly limitBytes: number
  readonly intervalMs?: number
  /** Told before the process is ended. */
  readonly onFound: (glutton: Glutton) => void
}

const COMMAND_CHARACTERS = 300

/**
 * Looks at this process and all its descendants now and then, names the one that takes more memory than the limit, and ends it: before the kernel runs out of memory and ends
 * whatever it likes, and nobody knows which test it was. Linux only; elsewhere nothing is watched.
 */
export function watchMemory({ limitBytes, intervalMs = 2_000, onFound }: MemoryWatchOptions): Disposable {
  // On a busy machine an ended process is there for a while yet.
  const ended = new Set<number>()
  const timer = setInterval(() => {
    for (const pid of [...descendantsOf(process.pid), process.pid]) {
      const rssBytes = rssOf(pid)
      if (rssBytes <= limitBytes || ended.has(pid)) continue
      ended.add(pid)
      onFound({ pid, command: commandOf(pid), rssBytes })
      end(pid)
    }
  }, intervalMs)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

function descendantsOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of listProcesses()) {
    const stat = read(`/proc/${name}/stat`)
    // The name, in parentheses, may hold blanks; the parent is the second field behind it.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found: number[] = []
  for (let left = children.get(root) ?? []; left.length > 0; left = left.flatMap((pid) => children.get(pid) ?? []))
    found.push(...left)
  return found
}

function listProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return [] // no such thing on this system
  }
}

function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').slice(0, COMMAND_CHARACTERS)
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    return // gone meanwhile
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // gone meanwhile
  }
}
