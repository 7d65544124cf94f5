import { runChecks } from './check.ts'
import { describeResult, runTests } from './run-tests.ts'
import type { SuiteName } from './run-tests.ts'

/** What script/test runs: the checks, then everything with real Kafka; `--all` adds the long tests. */
const CORE: readonly SuiteName[] = ['kafka', 'chaos']

const isAll = process.argv.includes('--all')
// Test files go on for longer then: more kills, more rounds, more pairs of versions.
if (isAll) process.env['TWINLOG_TESTS'] = 'all'

const start = performance.now()
const lines: string[] = []

process.stdout.write('== checks (format, lint, types, layers, unit tests, generated pages, unused code, package)\n')
const failedChecks = await runChecks()
lines.push(failedChecks.length === 0 ? 'checks: all passed' : `checks: failed: ${failedChecks.join(', ')}`)

const total = { passed: 0, failed: failedChecks.length }
for (const name of isAll ? [...CORE, 'long' as const] : CORE) {
  process.stdout.write(`\n== ${name}\n`)
  const result = await runTests(name)
  total.passed += result.passed
  total.failed += result.failed
  lines.push(describeResult(name, result))
}

process.stdout.write(`\n== summary\n${lines.join('\n')}\n`)
process.stdout.write(
  `${total.passed} passed, ${total.failed} failed in ${((performance.now() - start) / 60_000).toFixed(1)} min\n`,
)
process.exitCode = total.failed === 0 ? 0 : 1
