import { reportStep, runStep } from './step.ts'
import type { Step } from './step.ts'

/** Everything that needs no Kafka. All steps run, so that one look shows all that is wrong. */
const STEPS: readonly Step[] = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', command: ['oxlint', '--type-aware'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'layers', command: [process.execPath, 'scripts/layers.ts'] },
  { name: 'unit tests', command: [process.execPath, 'scripts/run-tests.ts', 'unit', '--brief'] },
  { name: 'generated pages', command: [process.execPath, 'scripts/generated-pages.ts', '--check'] },
  { name: 'unused code (knip)', command: ['knip', '--no-progress'] },
  { name: 'package', command: [process.execPath, 'scripts/package-check.ts'] },
]

/** @returns names of the steps that failed */
export async function runChecks(): Promise<string[]> {
  const failed: string[] = []
  for (const step of STEPS) {
    const result = await runStep(step)
    reportStep(result)
    if (!result.isGood) failed.push(result.name)
  }
  return failed
}

if (import.meta.main) {
  const failed = await runChecks()
  process.stdout.write(failed.length === 0 ? 'All checks passed\n' : `Failed: ${failed.join(', ')}\n`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
