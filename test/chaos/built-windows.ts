import { globSync, readFileSync } from 'node:fs'
import { TRACE_WINDOWS } from '../../src/base/trace-window.ts'
import type { TraceWindowName } from '../../src/base/trace-window.ts'
import type { ScenarioOptions } from './chaos-world.ts'

/** The windows that the product announces somewhere: as soon as one is, the suite has to hit it. */
export function builtWindows(): TraceWindowName[] {
  const sources = globSync('src/**/*.ts', { cwd: new URL('../..', import.meta.url) })
    .map((file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'))
    .join('\n')
  return TRACE_WINDOWS.filter((window) => sources.includes(`enterWindow('${window}'`))
}

/** Windows that a flow with `exactly.once.source.support` goes through all the time. */
export const EXACTLY_ONCE_WINDOWS: readonly TraceWindowName[] = [
  'produce-half-sent',
  'appended-unacknowledged',
  'transaction-prepared',
]

/** A setting of the target's worker: at top level MirrorMaker 2 passes over it. */
export const EXACTLY_ONCE = 'us.exactly.once.source.support'

/** Such a flow writes markers into its copy, which is to be read committed. */
export const exactlyOnceScenario: ScenarioOptions = {
  properties: { [EXACTLY_ONCE]: 'enabled' },
  judge: { targetIsolation: 'read_committed' },
}
