import { createBackoff } from '../base/backoff.ts'
import { TwinlogError } from '../base/catalogue.ts'
import type { Clock } from '../base/clock.ts'
import { classify } from '../kafka/kafka-error.ts'
import type { TransactionalProducer } from '../kafka/transactions.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { EventFields } from '../observe/event.ts'
import type { TransactionPorts } from './transaction-ports.ts'

const RETRY_LEAST_MS = 100
const RETRY_LONGEST_MS = 2_000

export interface TransactionOutcomesDependencies {
  readonly ports: Pick<TransactionPorts, 'end' | 'renew'>
  readonly clock: Clock
  readonly signal: AbortSignal
  say(name: EventName, fields: EventFields): void
}

/**
 * Asks the coordinator until its answer is known, always for the same: a lost answer to a commit says nothing about the outcome, and asking again with
 * the same epoch gets the same decision (TransactionCoordinator answers a repeated EndTxn as it did the first).
 */
export class TransactionOutcomes {
  readonly #deps: TransactionOutcomesDependencies

  constructor(dependencies: TransactionOutcomesDependencies) {
    this.#deps = dependencies
  }

  /** @returns true when it is done; an error when it never will be; null when the signal ended the asking */
  async end(producer: TransactionalProducer, outcome: 'commit' | 'abort'): Promise<true | Error | null> {
    const { ports, signal } = this.#deps
    return this.#ask(outcome, async () => {
      try {
        await ports.end(producer, outcome, { signal })
      } catch (error) {
        // Nothing of the transaction had reached the coordinator: there is nothing to abort.
        if (outcome !== 'abort' || !isNothingOpen(error)) throw error
      }
      return true as const
    })
  }

  /** @returns the producer with its next epoch; an error when another has the transactional id; null when the signal ended the asking */
  async renew(producer: TransactionalProducer): Promise<TransactionalProducer | Error | null> {
    const { ports, signal } = this.#deps
    return this.#ask('raise the epoch', () => ports.renew(producer, { signal }))
  }

  async #ask<Answer>(outcome: string, ask: () => Promise<Answer>): Promise<Answer | Error | null> {
    const { clock, signal, say } = this.#deps
    const backoff = createBackoff(RETRY_LEAST_MS, RETRY_LONGEST_MS)
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (signal.aborted) return null
        if (!(error instanceof Error)) throw error
        if (!mayPass(error)) return error
        say('TransactionOutcomeUnknown', { outcome, error })
      }
      try {
        await clock.sleep(backoff.next(), { signal })
      } catch (error) {
        if (signal.aborted) return null
        throw error
      }
    }
  }
}

/** The coordinator knows of no open transaction of ours. */
export function isNothingOpen(error: unknown): boolean {
  return error instanceof TwinlogError && error.parameters['error'] === 'INVALID_TXN_STATE'
}

/** What passes by itself: a broker restarts, a coordinator moves. */
export function mayPass(error: unknown): boolean {
  const { action } = classify(error)
  return action === 'retry' || action === 'refresh-metadata'
}
