import { TwinlogError } from '../base/catalogue.ts'
import type { FencingProducer } from '../kafka/fencing-producer.ts'
import type { LaneContext } from './lane-context.ts'

/** Far below transactional.id.expiration.ms, which is 7 days unless set. */
const RENEWAL_MS = 86_400_000
const RETRY_MS = 5_000

/** Takes the transactional id at once, so that nobody who had it before can fence, and keeps the target from forgetting it. */
export async function keepProducer(
  producer: FencingProducer,
  { plan, deps, say }: LaneContext,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  if (!plan.produce.isIdempotent) {
    say('IdempotenceDisabled', {})
    return
  }
  while (!signal.aborted) {
    try {
      const isFenceable = (await producer.renew({ signal })) !== null
      if (!isFenceable) {
        const { transactionalId, refusal: error } = producer
        say('ProducerUnfenceable', { cluster: plan.target.alias, transactionalId, error })
        return
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof TwinlogError) || error.kind === 'defect' || error.action === 'fence') throw error
      await deps.clock.sleep(RETRY_MS, { signal })
      continue
    }
    await deps.clock.sleep(RENEWAL_MS, { signal })
  }
}
