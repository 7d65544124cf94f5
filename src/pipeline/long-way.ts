/**
 * From when a broker counts as a long way off, so that more must be under way at a time: the shortest answer that it ever gave took this long (ms).
 * The shortest counts, and the bounds are well above what a busy machine nearby needs, because more bytes under way would only make that worse.
 */

/** For Fetch: the shortest answer may still be one of some megabytes. */
export const LONG_WAY_READ_MS = 40

/** For Produce, once some answers have come: the first one to a new topic takes longer. */
export const LONG_WAY_WRITE_MS = 25
