/** Of a partition so many runs are kept in memory, when there are twice as many; the ledger topic has all. */
export const RUNS_KEPT = 4096
