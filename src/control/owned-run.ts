import type { FlowOwnership } from './flow-ownership.ts'
import type { FlowProgress } from './supervisor.ts'

interface RunOptions {
  readonly signal: AbortSignal
  readonly report: (event: FlowProgress) => void
}

export interface OwnedOptions extends RunOptions {
  /** Aborted when the flow is not ours any more; part of `signal`. */
  readonly tenure: AbortSignal
}

/**
 * Takes part in the group and copies whenever this process owns the flow, until the signal. The group is left only when the copying has come to its
 * end, since somebody else begins at that moment. A flow that fails leaves it as well: perhaps it does better elsewhere.
 */
export async function runWhileOwner(
  ownership: FlowOwnership,
  copy: (options: OwnedOptions) => Promise<void>,
  { signal, report }: RunOptions,
): Promise<void> {
  const leaving = new AbortController()
  const failed = new AbortController()
  const membership = ownership.run({ signal: leaving.signal }).catch((error: unknown) => failed.abort(error))
  const until = AbortSignal.any([signal, failed.signal])
  try {
    for (;;) await copyOnce(ownership, copy, { signal: until, report })
  } catch (error) {
    if (!failed.signal.aborted) throw error
  } finally {
    leaving.abort()
    await membership
  }
  throw failed.signal.reason
}

async function copyOnce(
  ownership: FlowOwnership,
  copy: (options: OwnedOptions) => Promise<void>,
  { signal, report }: RunOptions,
): Promise<void> {
  const tenure = await ownership.owned({ signal })
  report({ name: 'owned' })
  try {
    await copy({ signal: AbortSignal.any([signal, tenure]), tenure, report })
  } catch (error) {
    // Whatever it met once the flow was not ours any more is of no interest.
    if (!tenure.aborted || signal.aborted) throw error
  }
  signal.throwIfAborted()
}
