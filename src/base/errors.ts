import { catalogue } from './catalogue.ts'
import type { ErrorEntry } from './catalogue.ts'

/**
 * Every error that twinlog raises, by code. Each has a paragraph in docs/errors.md (a test compares both).
 * Retired codes stay listed in docs/errors.md and are never used again.
 */
export const errorEntries = {
  // --- base ---------------------------------------------------------------------------------------------------------
  DEFECT: { kind: 'defect', action: 'stop', text: 'This is a defect of twinlog: {what}. Please report it.' },
  STOPPING: { kind: 'operational', action: 'stop', text: '{what} was stopped: {reason}' },
  // --- config -------------------------------------------------------------------------------------------------------
  // --- kafka: connections, TLS, SASL, metadata ------------------------------------------------------------------------
  // --- wire: frames and batches -----------------------------------------------------------------------------------------
  // --- pipeline: reading, rewriting, writing ----------------------------------------------------------------------------
  // --- control: topics, positions, ledger -------------------------------------------------------------------------------
  // --- cli ----------------------------------------------------------------------------------------------------------
} as const satisfies Record<string, ErrorEntry>

export const errors = catalogue(errorEntries)
