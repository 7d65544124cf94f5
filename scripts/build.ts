import { rmSync } from 'node:fs'
import { reportStep, runStep } from './step.ts'

/** Compiles src/ to dist/, from nothing, so that no file of an earlier build stays. */
rmSync('dist', { recursive: true, force: true })
const result = await runStep({ name: 'build', command: ['tsc', '-p', 'tsconfig.build.json'] })
reportStep(result)
process.exitCode = result.isGood ? 0 : 1
