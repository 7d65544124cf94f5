import { spawn } from 'node:child_process'

/** A command of the checks. */
export interface Step {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

export interface StepResult {
  readonly name: string
  readonly isGood: boolean
  readonly durationMs: number
  readonly output: string
}

/** Runs a step and keeps what it says, which matters only when it fails. */
export function runStep({ name, command: [command, ...args] }: Step): Promise<StepResult> {
  const start = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, FORCE_COLOR: '0' } })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (exitCode) => {
      const output = Buffer.concat(chunks).toString('utf8')
      resolve({ name, isGood: exitCode === 0, durationMs: performance.now() - start, output })
    })
  })
}

/** Says how a step went; the output of a failed one is shown. */
export function reportStep({ name, isGood, durationMs, output }: StepResult): void {
  process.stdout.write(`${isGood ? 'ok  ' : 'FAIL'} ${name} (${(durationMs / 1000).toFixed(1)} s)\n`)
  if (!isGood) process.stdout.write(`${output.trimEnd().replace(/^/gm, '     ')}\n`)
}
