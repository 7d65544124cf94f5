/** What preflight has to say about one topic. */
export interface PreflightFinding {
  readonly code:
    | 'records-too-large'
    | 'batches-too-large'
    | 'batches-may-be-too-large'
    | 'timestamps-too-early'
    | 'timestamps-too-late'
    | 'expired'
    | 'null-keys'
    | 'recompression'
    | 'append-time-lost'
    | 'create-time-lost'
    | 'old-format'
    | 'holes'
    | 'cleanup-policy'
    | 'too-few-replicas'
    | 'too-few-brokers'
    | 'target-format'
    | 'unknown'
  /**
   * problem: records would not be copied, or be lost. warning: the copy would not be quite what the source is, or costs more than it has to. info: what twinlog
   * does about it by itself.
   */
  readonly level: 'problem' | 'warning' | 'info'
  /** What is the matter. */
  readonly what: string
  /** What twinlog does about it. */
  readonly effect: string
  /** What the user may set; empty: nothing has to be. */
  readonly remedy: string
}
