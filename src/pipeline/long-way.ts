/**
 * A broker whose answers never came sooner than this is a long way off (ms): more must be under way at a time to fill the way. The shortest
 * answer counts, so that a busy machine is not taken for a long way, which more bytes under way would only make worse.
 */
export const LONG_WAY_MS = 8
