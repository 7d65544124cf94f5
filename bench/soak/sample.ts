import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** Names the file that bench/memory-probe.ts writes. */
export const MEMORY_FILE_VARIABLE = 'TWINLOG_SOAK_MEMORY_FILE'

/** What one process used at one moment. Sizes in MiB. */
export interface Sample {
  /** Since the begin of the soak. */
  readonly atSeconds: number
  /** Which process it was: counted from 1, a new one after each restart. */
  readonly life: number
  readonly lifeSeconds: number
  readonly rssMib: number
  readonly heapMib: number
  readonly externalMib: number
  readonly arrayBuffersMib: number
  readonly threads: number
  readonly fileDescriptors: number
  readonly connections: number
  readonly lagRecords: number
  readonly recordsTotal: number
  /** User and system together since it began. */
  readonly cpuSeconds: number
}

export interface ProcessFacts extends Pick<
  Sample,
  'rssMib' | 'heapMib' | 'externalMib' | 'arrayBuffersMib' | 'threads' | 'fileDescriptors' | 'connections'
> {}

const MIB = 1024 * 1024

/**
 * From /proc, and what the memory probe wrote last.
 * @returns undefined when the process is gone or the probe has not written yet
 */
export function readProcess(pid: number, memoryFile: string): ProcessFacts | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    const memory = JSON.parse(readFileSync(memoryFile, 'utf8')) as NodeJS.MemoryUsage
    const descriptors = readdirSync(`/proc/${pid}/fd`)
    return {
      rssMib: number('VmRSS') / 1024,
      heapMib: memory.heapUsed / MIB,
      externalMib: memory.external / MIB,
      arrayBuffersMib: memory.arrayBuffers / MIB,
      threads: number('Threads'),
      fileDescriptors: descriptors.length,
      connections: countConnections(pid, descriptors),
    }
  } catch {
    return undefined
  }
}

/** Sockets of the process that are TCP. */
function countConnections(pid: number, descriptors: readonly string[]): number {
  const inodes = new Set(
    ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[9] ?? ''),
    ),
  )
  return descriptors.filter((descriptor) => inodes.has(/^socket:\[(\d+)\]$/.exec(linkOf(pid, descriptor))?.[1] ?? '-'))
    .length
}

function linkOf(pid: number, descriptor: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
  } catch {
    return '' // closed meanwhile
  }
}
