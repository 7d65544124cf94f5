import { readFileSync, readdirSync } from 'node:fs'

/** Ticks a second of the figures in /proc/<pid>/stat; 100 on every Linux that matters. */
const TICKS_PER_SECOND = 100

export interface CpuSeconds {
  readonly user: number
  readonly system: number
}

/** CPU of a process, all its threads, and its living descendants (a launcher script may have started the real thing) unless it is asked for alone. */
export function cpuSeconds(pid: number, { isAlone = false } = {}): CpuSeconds {
  return (isAlone ? [pid] : processTree(pid)).map(ownCpuSeconds).reduce(add, { user: 0, system: 0 })
}

/** Largest resident memory of the process, or of its largest descendant, since it began. */
export function peakRssMb(pid: number): number {
  return Math.max(...processTree(pid).map((each) => statusKib(each, 'VmHWM') / 1024))
}

/** Resident memory of now. */
export function rssMb(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + statusKib(each, 'VmRSS') / 1024, 0)
}

/** CPU seconds that all processes of the machine, and its hypervisor, have used since it booted. */
export function machineCpuSeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = (/^cpu +(.*)$/m.exec(readProc('/proc/stat'))?.[1] ?? '').split(
    ' ',
  )
  const ticks = [user, nice, system, irq, softirq, steal].reduce((total, each) => total + Number(each ?? 0), 0)
  return ticks / TICKS_PER_SECOND
}

export function since(begin: CpuSeconds, end: CpuSeconds): CpuSeconds {
  return { user: end.user - begin.user, system: end.system - begin.system }
}

export function sum({ user, system }: CpuSeconds): number {
  return user + system
}

function add(one: CpuSeconds, other: CpuSeconds): CpuSeconds {
  return { user: one.user + other.user, system: one.system + other.system }
}

function processTree(pid: number): number[] {
  return [pid, ...children(pid).flatMap(processTree)]
}

function children(pid: number): number[] {
  return threads(pid).flatMap((thread) => {
    const text = readProc(`/proc/${pid}/task/${thread}/children`)
    return text.split(' ').filter(Boolean).map(Number)
  })
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return [] // gone meanwhile
  }
}

function ownCpuSeconds(pid: number): CpuSeconds {
  const stat = readProc(`/proc/${pid}/stat`)
  // The name, in parentheses, may hold blanks; utime and stime are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { user: Number(fields[11] ?? 0) / TICKS_PER_SECOND, system: Number(fields[12] ?? 0) / TICKS_PER_SECOND }
}

function statusKib(pid: number, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readProc(`/proc/${pid}/status`))?.[1] ?? 0)
}

function readProc(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // gone meanwhile: counts as nothing
  }
}
