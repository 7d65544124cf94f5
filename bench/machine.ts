import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'

export interface Machine {
  readonly cpuModel: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  readonly node: string
  readonly java: string
  readonly transparentHugePages: string
  /** Of the minute before: other work on the machine shows here. */
  readonly loadAtStart: number
}

export function describeMachine(): Machine {
  const processors = cpus()
  return {
    cpuModel: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    java: javaVersion(),
    transparentHugePages: hugePages(),
    loadAtStart: loadavg()[0] ?? 0,
  }
}

/** `java -version` writes to standard error; `--version` does not. */
function javaVersion(): string {
  return execFileSync('java', ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? 'unknown'
}

function hugePages(): string {
  try {
    return /\[(\w+)\]/.exec(readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8'))?.[1] ?? 'unknown'
  } catch {
    return 'unknown' // a kernel without them
  }
}
