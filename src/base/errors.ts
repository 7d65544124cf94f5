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
  CONFIG_FILE_UNREADABLE: { kind: 'configuration', action: 'stop', text: 'The file {file} cannot be read: {reason}. Name an existing, readable .properties file.' },
  PROPERTIES_ESCAPE_INVALID: { kind: 'configuration', action: 'stop', text: '{file}:{line}: \\u must be followed by four hexadecimal digits, found {text}. Write a backslash as \\\\.' },
  CONFIG_INVALID: { kind: 'configuration', action: 'stop', text: '{file} has {count} problem(s):\n{problems}' },
  PATTERN_INVALID: { kind: 'configuration', action: 'stop', text: 'The regular expression {pattern} has an error at column {column}: {reason}' },
  PATTERN_UNSUPPORTED: { kind: 'configuration', action: 'stop', text: 'The regular expression {pattern} uses at column {column} what twinlog does not have: {reason}' },
  PATTERN_TOO_SLOW: { kind: 'configuration', action: 'stop', text: 'Matching the regular expression {pattern} against {name} took more than {stepsCount} steps and was given up. Simplify the expression: a repetition inside a repetition, with a back reference, is the usual cause.' },
  // --- kafka: connections, TLS, SASL, metadata ------------------------------------------------------------------------
  // --- wire: frames and batches -----------------------------------------------------------------------------------------
  // --- pipeline: reading, rewriting, writing ----------------------------------------------------------------------------
  // --- control: topics, positions, ledger -------------------------------------------------------------------------------
  // --- cli ----------------------------------------------------------------------------------------------------------
} as const satisfies Record<string, ErrorEntry>

export const errors = catalogue(errorEntries)
