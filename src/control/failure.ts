import { TwinlogError } from '../base/catalogue.ts'
import type { ErrorKind } from '../base/catalogue.ts'

/**
 * Who has to act on a failure. Whatever is not of the catalogue and not a failed system call is our own mistake:
 * it must not be retried as if the world had failed.
 */
export function failureKind(error: unknown): ErrorKind {
  if (error instanceof TwinlogError) return error.kind
  return error instanceof Error && 'syscall' in error ? 'operational' : 'defect'
}

export function isDefect(error: unknown): boolean {
  return failureKind(error) === 'defect'
}
