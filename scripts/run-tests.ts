import { globSync } from 'node:fs'
import { run } from 'node:test'
import { dot, spec } from 'node:test/reporters'
import { watchMemory } from './memory-watch.ts'

/** The parts of the test suite: where they are, how many files run at once on 2 cores, and how long a file may take. */
export const SUITES = {
  unit: {
    files: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    concurrency: 2,
    timeoutMs: 60_000,
  },
  kit: { files: ['test/support/**/*.test.ts', 'dev/**/*.test.ts'], concurrency: 2, timeoutMs: 600_000 },
  broker: { files: ['test/broker/**/*.test.ts'], concurrency: 2, timeoutMs: 600_000 },
  compat: { files: ['test/compat/**/*.test.ts'], concurrency: 2, timeoutMs: 300_000 },
  /** The three above in one, so that one's last file runs beside the next one's first. */
  kafka: {
    files: ['test/support/**/*.test.ts', 'dev/**/*.test.ts', 'test/broker/**/*.test.ts', 'test/compat/**/*.test.ts'],
    concurrency: 2,
    timeoutMs: 600_000,
  },
  // Faults are timed, so nothing else runs beside them.
  chaos: { files: ['test/chaos/**/*.test.ts'], concurrency: 1, timeoutMs: 1_500_000 },
  long: { files: ['test/**/*.long.test.ts'], concurrency: 1, timeoutMs: 3_600_000 },
} as const

export type SuiteName = keyof typeof SUITES

export interface SuiteResult {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly durationMs: number
}

const LONG = '.long.test.ts'
/** With TWINLOG_TESTS=all a file may take that many times longer. */
const LONGER_TIMES = 4
/** Three times what the largest process of any test needs: what is above is a defect. */
const MEMORY_LIMIT_BYTES = 6 * 2 ** 30

/** Test files of a suite. Files named x.long.test.ts belong to 'long' alone. */
export function filesOf(name: SuiteName): string[] {
  const files = globSync([...SUITES[name].files]).sort()
  return files.filter((file) => (name === 'long') === file.endsWith(LONG))
}

/**
 * Runs the files with node's own runner, each in a process of its own, its report on the screen.
 * @param isBrief   only dots and failures
 */
export async function runTests(name: SuiteName, isBrief = false): Promise<SuiteResult> {
  const files = filesOf(name)
  const { concurrency, timeoutMs: coreTimeoutMs } = SUITES[name]
  const timeoutMs = coreTimeoutMs * (process.env['TWINLOG_TESTS'] === 'all' ? LONGER_TIMES : 1)
  const start = performance.now()
  const counts = { passed: 0, failed: 0, skipped: 0 }
  let gluttons = 0
  using _watch = watchMemory({
    limitBytes: MEMORY_LIMIT_BYTES,
    onFound: ({ pid, command, rssBytes }) => {
      gluttons += 1
      process.stdout.write(
        `\n${name}: process ${pid} took ${(rssBytes / 2 ** 30).toFixed(1)} GiB and was ended: ${command}\n`,
      )
    },
  })
  if (files.length > 0) {
    const events = run({ files, concurrency, timeout: timeoutMs, isolation: 'process' })
    events.on('test:summary', ({ file, counts: each }) => {
      // Summaries come for each file and for all; only the last has no file.
      if (file !== undefined) return
      counts.passed = each.passed
      counts.failed = each.tests - each.passed - each.skipped - each.todo
      counts.skipped = each.skipped + each.todo
    })
    for await (const chunk of events.compose(isBrief ? dot : spec)) process.stdout.write(chunk)
  }
  return { ...counts, failed: counts.failed + gluttons, durationMs: performance.now() - start }
}

/** "broker: 41 passed, 0 failed, 2 skipped in 12 s" */
export function describeResult(name: string, { passed, failed, skipped, durationMs }: SuiteResult): string {
  const rest = skipped === 0 ? '' : `, ${skipped} skipped`
  return `${name}: ${passed} passed, ${failed} failed${rest} in ${(durationMs / 1000).toFixed(0)} s`
}

if (import.meta.main) {
  const names = process.argv.slice(2).filter((name): name is SuiteName => name in SUITES)
  for (const name of names) {
    const result = await runTests(name, process.argv.includes('--brief'))
    process.stdout.write(`${describeResult(name, result)}\n`)
    if (result.failed > 0) process.exitCode = 1
  }
}
