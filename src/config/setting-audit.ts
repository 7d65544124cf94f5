import type { FlowPairs } from './flow-pair.ts'
import type { Resolution } from './resolution.ts'

/** Says of every property that was not used why, so that nothing is silently ignored. */
export function auditSettings(resolution: Resolution, _pairs: FlowPairs, _options: { readonly isStrict: boolean }): void {
  for (const property of resolution.file.properties.values()) {
    if (!resolution.isUsed(property)) resolution.notice(property, 'no-effect', 'warning', 'has no effect')
  }
}
