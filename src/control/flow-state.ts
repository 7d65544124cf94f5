/**
 * ```
 *            clusters-reachable      started           stop-asked           drained
 *  waiting ----------------------> starting ---------> copying ----------> draining ---------> stopped
 *     ^  |                             |                  |                    |                  ^
 *     |  +------------ failed ---------+------ failed ----+                    | failed           |
 *     |                   |  operational              |  configuration, defect |                  |
 *     |  retry-due        v                           v                        +------------------+
 *     +-------------- retrying                       ended                       (said, not retried)
 * ```
 * In every state before draining, stop-asked leads out: at once where nothing is in flight.
 * Between starting and copying, standing-by leads to standby, and owned from there to starting: whoever does not own the flow waits.
 * A failure that blames the configuration ends a flow only if it has never copied: what worked an hour ago may fail for a
 * password that is being rotated or a broker that has not read its users yet, and a flow must outlive that.
 */
export type FlowState =
  /** For clusters that do not answer yet. */
  | { readonly name: 'waiting'; readonly failures: number; readonly hasCopied: boolean }
  /** Reads positions and ledger, finds topics. */
  | { readonly name: 'starting'; readonly failures: number; readonly hasCopied: boolean }
  /** Does not own the flow; `cause` says who does, or what keeps it from knowing. */
  | { readonly name: 'standby'; readonly failures: number; readonly hasCopied: boolean; readonly cause: string }
  | { readonly name: 'copying' }
  /** What was fetched is written to the end; positions are stored. */
  | { readonly name: 'draining' }
  /** Failed for a reason that time may cure. */
  | { readonly name: 'retrying'; readonly failures: number; readonly hasCopied: boolean; readonly cause: string }
  /** Failed for a reason that only the user (configuration) or we (defect) can cure. */
  | { readonly name: 'ended'; readonly kind: 'configuration' | 'defect'; readonly cause: string }
  | { readonly name: 'stopped' }

export type FlowEvent =
  | { readonly name: 'clusters-reachable' }
  | { readonly name: 'standing-by'; readonly cause: string }
  | { readonly name: 'owned' }
  | { readonly name: 'started' }
  | { readonly name: 'failed'; readonly kind: 'configuration' | 'operational' | 'defect'; readonly cause: string }
  | { readonly name: 'retry-due' }
  | { readonly name: 'stop-asked' }
  | { readonly name: 'drained' }

/** What the caller has to do after a transition. */
export type FlowEffect =
  /** Run the flow (again). */
  | { readonly name: 'run' }
  /** Wait with a back-off, then send retry-due. */
  | { readonly name: 'back-off' }
  /** Tell of the failure; `isLoud` when it has gone on for a while. */
  | { readonly name: 'report'; readonly isLoud: boolean }
  /** Nothing will happen by itself any more. */
  | { readonly name: 'finish' }

export interface FlowTransition {
  readonly state: FlowState
  readonly effects: readonly FlowEffect[]
}

/** From this many failures in a row on, they are told as errors. */
export const loudFailuresCount = 5

export const initialFlowState: FlowState = { name: 'waiting', failures: 0, hasCopied: false }

/** Pure and total: an event that does not belong to a state leaves it as it is. */
export function transitionFlow(state: FlowState, event: FlowEvent): FlowTransition {
  switch (event.name) {
    case 'clusters-reachable':
      return state.name === 'waiting' ? to({ ...state, name: 'starting' }) : to(state)
    case 'standing-by':
      return standBy(state, event.cause)
    case 'owned':
      return state.name === 'standby'
        ? to({ name: 'starting', failures: state.failures, hasCopied: state.hasCopied })
        : to(state)
    case 'started':
      return state.name === 'starting' ? to({ name: 'copying' }) : to(state)
    case 'failed':
      return fail(state, event.kind, event.cause)
    case 'retry-due':
      return state.name === 'retrying'
        ? to({ name: 'waiting', failures: state.failures, hasCopied: state.hasCopied }, { name: 'run' })
        : to(state)
    case 'stop-asked':
      return stop(state)
    case 'drained':
      return state.name === 'draining' ? to({ name: 'stopped' }, { name: 'finish' }) : to(state)
  }
}

function standBy(state: FlowState, cause: string): FlowTransition {
  switch (state.name) {
    case 'starting':
    case 'standby':
      return to({ name: 'standby', failures: state.failures, hasCopied: state.hasCopied, cause })
    case 'copying':
      return to({ name: 'standby', failures: 0, hasCopied: true, cause })
    case 'waiting':
    case 'draining':
    case 'retrying':
    case 'ended':
    case 'stopped':
      return to(state)
  }
}

function fail(state: FlowState, kind: 'configuration' | 'operational' | 'defect', cause: string): FlowTransition {
  switch (state.name) {
    case 'stopped':
    case 'ended':
    case 'retrying':
      return to(state)
    case 'draining':
      return to({ name: 'stopped' }, { name: 'report', isLoud: true }, { name: 'finish' })
    case 'waiting':
    case 'starting':
    case 'standby':
    case 'copying': {
      const hasCopied = state.name === 'copying' || state.hasCopied
      if (kind === 'defect' || (kind === 'configuration' && !hasCopied)) {
        return to({ name: 'ended', kind, cause }, { name: 'report', isLoud: true }, { name: 'finish' })
      }
      // A flow that has copied begins to count anew: what fails now is another failure than before.
      const failures = (state.name === 'copying' ? 0 : state.failures) + 1
      const isLoud = failures >= loudFailuresCount || kind === 'configuration'
      return to({ name: 'retrying', failures, hasCopied, cause }, { name: 'report', isLoud }, { name: 'back-off' })
    }
  }
}

function stop(state: FlowState): FlowTransition {
  switch (state.name) {
    case 'copying':
    case 'starting':
    case 'standby':
      return to({ name: 'draining' })
    case 'waiting':
    case 'retrying':
      return to({ name: 'stopped' }, { name: 'finish' })
    case 'draining':
    case 'stopped':
    case 'ended':
      return to(state)
  }
}

function to(state: FlowState, ...effects: readonly FlowEffect[]): FlowTransition {
  return { state, effects }
}
