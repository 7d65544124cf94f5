import type { ListenerAddress } from '../config/listener-address.ts'
import { processSettings } from '../config/process-settings.ts'
import type { Resolution } from '../config/resolution.ts'

/** What the settings ask of the process as a whole. */
export interface ProcessPlan {
  /** Where metrics, health and status are served; empty: nowhere. */
  readonly listeners: readonly ListenerAddress[]
  /** Up to how many partitions metrics are told one by one. */
  readonly metricsPartitionsMax: number
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug' | 'trace'
  /** Undefined: text on a terminal, JSON otherwise. */
  readonly logFormat: 'text' | 'json' | undefined
}

/** Problems go to the resolution; the plan is usable only if there are none. */
export function resolveProcess(resolution: Resolution): ProcessPlan {
  const { properties } = resolution.file
  return {
    listeners: resolution.read(properties, 'twinlog.listeners', processSettings['twinlog.listeners']),
    metricsPartitionsMax: resolution.read(
      properties,
      'twinlog.metrics.partitions.max',
      processSettings['twinlog.metrics.partitions.max'],
    ),
    logLevel: resolution.read(properties, 'twinlog.log.level', processSettings['twinlog.log.level']),
    logFormat: resolution.read(properties, 'twinlog.log.format', processSettings['twinlog.log.format']),
  }
}
