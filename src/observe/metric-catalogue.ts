import { legacyCheckpointMetrics, pluginCheckpointMetrics } from './checkpoint-metrics.ts'
import { eventMetrics } from './event-metrics.ts'
import type { MetricEntry } from './metric.ts'
import { connectMetrics, legacySourceMetrics, pluginSourceMetrics } from './mirror-maker-metrics.ts'
import { flowMetrics, partitionMetrics, processMetrics } from './own-metrics.ts'

/** Every metric that twinlog serves. From here come the exposition (metrics-text.ts) and docs/metrics.md. */
export const metricCatalogue = {
  ...flowMetrics,
  ...partitionMetrics,
  ...eventMetrics,
  ...processMetrics,
  ...legacySourceMetrics,
  ...pluginSourceMetrics,
  ...legacyCheckpointMetrics,
  ...pluginCheckpointMetrics,
  ...connectMetrics,
} satisfies Record<string, MetricEntry>

export type MetricName = keyof typeof metricCatalogue

/** Whose names these are. */
export type MetricFamily = 'twinlog' | 'mirrormaker'

export function familyOf(name: string): MetricFamily {
  return name.startsWith('kafka_') ? 'mirrormaker' : 'twinlog'
}
