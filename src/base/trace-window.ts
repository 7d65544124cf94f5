import { channel } from 'node:diagnostics_channel'

/** Name of the channel of node:diagnostics_channel on which `enterWindow` speaks; a subscriber gets a `TraceWindow`. */
export const TRACE_CHANNEL = 'twinlog:window'

/**
 * The moments of a copy in which a crash is most telling: something is done on one side of the way and not known on the other. In the order of the way of
 * a batch; docs/tracing.md says where each is.
 */
export const TRACE_WINDOWS = [
  'fetch-half-read',
  'ledger-written-batch-unsent',
  'produce-half-sent',
  'appended-unacknowledged',
  'acknowledged-position-unstored',
  'epoch-changing',
  'transaction-prepared',
] as const

export type TraceWindowName = (typeof TRACE_WINDOWS)[number]

export interface TraceWindow {
  readonly window: TraceWindowName
  /** With produce-half-sent: the socket (node:net) that holds the first part of the request, corked. */
  readonly detail: unknown
}

const windows = channel(TRACE_CHANNEL)

/** Tells whoever listens that this process is inside a window until the caller goes on. Costs a look at a flag when nobody does. */
export function enterWindow(window: TraceWindowName, detail: unknown = null): void {
  if (windows.hasSubscribers) windows.publish({ window, detail } satisfies TraceWindow)
}
