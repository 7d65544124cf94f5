/**
 * How a partition is being written. Pure; the caller carries the effects out.
 *
 *                 located                  acknowledged
 *   locating ----------------> probing ------------------> flowing
 *      ^  ^                      |                            |
 *      |  |        failed        |          failed            |
 *      |  +--- (nothing in flight, back-off over) ---+        |
 *      |                                             |        |
 *      +----------------- recovering <---------------+--------+
 *                             |   any state: refused -> stopped; stopped: retried -> recovering
 *
 * `probing`: one batch in flight at a time, because a broker takes any first sequence of an id and then refuses what was before it.
 * `recovering`: nothing is sent; answers to what is in flight are awaited; then the target is asked how far it came.
 */
export type WriterState =
  | { readonly name: 'locating' }
  | { readonly name: 'probing' }
  | { readonly name: 'flowing' }
  | { readonly name: 'recovering'; readonly reason: string }
  | { readonly name: 'stopped'; readonly reason: string }

export type WriterEvent =
  | { readonly name: 'located' }
  | { readonly name: 'acknowledged' }
  | { readonly name: 'failed'; readonly reason: string }
  | { readonly name: 'drained' }
  | { readonly name: 'refused'; readonly reason: string }
  | { readonly name: 'retried' }

/** What the caller has to do after a transition. */
export type WriterEffect = 'none' | 'discard queue' | 'locate'

export interface WriterTransition {
  readonly state: WriterState
  readonly effect: WriterEffect
}

/** Total: an event that means nothing in a state leaves it as it is. */
export function transition(state: WriterState, event: WriterEvent): WriterTransition {
  if (event.name === 'refused') return { state: { name: 'stopped', reason: event.reason }, effect: 'discard queue' }
  switch (state.name) {
    case 'locating':
      if (event.name === 'located') return { state: { name: 'probing' }, effect: 'none' }
      if (event.name === 'failed')
        return { state: { name: 'recovering', reason: event.reason }, effect: 'discard queue' }
      break
    case 'probing':
      if (event.name === 'acknowledged') return { state: { name: 'flowing' }, effect: 'none' }
      if (event.name === 'failed')
        return { state: { name: 'recovering', reason: event.reason }, effect: 'discard queue' }
      break
    case 'flowing':
      if (event.name === 'failed')
        return { state: { name: 'recovering', reason: event.reason }, effect: 'discard queue' }
      break
    case 'recovering':
      if (event.name === 'drained') return { state: { name: 'locating' }, effect: 'locate' }
      break
    case 'stopped':
      if (event.name === 'retried') return { state: { name: 'recovering', reason: state.reason }, effect: 'none' }
      break
  }
  return { state, effect: 'none' }
}
