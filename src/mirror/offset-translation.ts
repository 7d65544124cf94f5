/**
 * What an offset of one side is on the other.
 *
 * - `exact`: the offset of the first record at or after the one asked for, or the end of the copy where there is none.
 * - `at-end`: what was asked for is ahead of the copy by so many offsets; the answer is the end of the copy, which moves on.
 * - `approximate`: no record is skipped from there on, but some may come again; the reason says why it is not exact.
 * - `unknown`: there is no answer, for a reason.
 */
export type OffsetTranslation =
  | { readonly kind: 'exact'; readonly offset: number }
  | { readonly kind: 'at-end'; readonly offset: number; readonly aheadRecords: number }
  | { readonly kind: 'approximate'; readonly offset: number; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/** An offset of the source, or of a remote topic. */
export type AskedOffset = { readonly upstream: number } | { readonly downstream: number }
