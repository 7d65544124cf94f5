import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import type { TopicPartition } from '../mirror/topic-partition.ts'
import type { ClusterClient } from './cluster-client.ts'
import { addPartitionsToTransaction, endTransaction, takeTransactionalId } from './transactions.ts'
import type { ProducerIdentity, TransactionalProducer } from './transactions.ts'

interface FencingOptions {
  readonly signal: AbortSignal
}

/** A fence is over in milliseconds; what a dead process left open is aborted after so long. Brokers allow 15 minutes and refuse more. */
const transactionTimeoutMs = 30_000

/**
 * A producer id that belongs to a transactional id, so that whoever had it before can be fenced. Its batches are plain idempotent ones; transactions
 * are used for markers alone (design.md section 5, step 4).
 *
 * Invariants (docs/invariants.md):
 * 22. One call at a time: a transactional id has one transaction.
 * 23. After the first `take` the epoch is raised only from our own (KIP-360). Who finds another there has been replaced, and takes nothing back.
 */
export class FencingProducer {
  readonly transactionalId: string
  readonly #cluster: ClusterClient
  #current: TransactionalProducer | null = null
  #refusal: TwinlogError | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(cluster: ClusterClient, transactionalId: string) {
    this.#cluster = cluster
    this.transactionalId = transactionalId
  }

  /** Why the cluster does not let us have the transactional id; null: it does, or was not asked yet. */
  get refusal(): TwinlogError | null {
    return this.#refusal
  }

  /**
   * Takes the transactional id over, the first time; whoever had it can fence nothing any more.
   * @returns the identity to write under; null when the cluster does not give it (`refusal` says why)
   * @throws PRODUCER_REPLACED, connection errors, the signal's reason
   */
  take(options: FencingOptions): Promise<ProducerIdentity | null> {
    return this.#inTurn(async () => plain(await this.#take(options)))
  }

  /** Raises our epoch: also keeps the transactional id known, which is forgotten after transactional.id.expiration.ms. @throws as `take` */
  renew(options: FencingOptions): Promise<ProducerIdentity | null> {
    return this.#inTurn(async () => {
      const isHeld = this.#current !== null
      const taken = await this.#take(options)
      return plain(isHeld ? await this.#raise(options) : taken)
    })
  }

  /**
   * Puts a marker of a raised epoch into partitions: from then on their leaders refuse all earlier epochs of this producer id. When this returns the
   * markers are decided on, and written a moment later. Costs each partition one offset.
   * @returns the raised identity, which begins at sequence 0 in these partitions; null when the cluster does not give it
   * @throws PRODUCER_REPLACED; KAFKA_* of the first partition that cannot be fenced (then none is); connection errors; the signal's reason
   */
  fence(partitions: readonly TopicPartition[], options: FencingOptions): Promise<ProducerIdentity | null> {
    return this.#inTurn(async () => {
      const isHeld = this.#current !== null
      const taken = await this.#take(options)
      if (taken === null) return null
      const producer = isHeld ? await this.#raise(options) : taken
      try {
        await addPartitionsToTransaction(this.#cluster, producer, partitions, options)
        await endTransaction(this.#cluster, producer, 'abort', options)
      } catch (error) {
        throw this.#asReplaced(error)
      }
      return plain(producer)
    })
  }

  /**
   * As `fence`, and waits until the markers are on all replicas in sync: the coordinator gives no higher epoch before.
   * @returns the identity to write under, above that of the markers
   */
  async fenceAndWait(partitions: readonly TopicPartition[], options: FencingOptions): Promise<ProducerIdentity | null> {
    return (await this.fence(partitions, options)) === null ? null : this.renew(options)
  }

  async #take({ signal }: FencingOptions): Promise<TransactionalProducer | null> {
    if (this.#current !== null || this.#refusal !== null) return this.#current
    try {
      this.#current = await takeTransactionalId(this.#cluster, this.transactionalId, { signal, transactionTimeoutMs })
    } catch (error) {
      signal.throwIfAborted()
      if (!isRefusal(error)) throw error
      this.#refusal = error
    }
    return this.#current
  }

  async #raise({ signal }: FencingOptions): Promise<TransactionalProducer> {
    const { transactionalId } = this
    const current = this.#current
    const options = current === null ? { signal, transactionTimeoutMs } : { signal, transactionTimeoutMs, current }
    try {
      this.#current = await takeTransactionalId(this.#cluster, transactionalId, options)
      return this.#current
    } catch (error) {
      throw this.#asReplaced(error)
    }
  }

  #asReplaced(error: unknown): unknown {
    const isFenced = error instanceof TwinlogError && error.action === 'fence'
    if (!isFenced) return error
    const { transactionalId } = this
    return errors.PRODUCER_REPLACED({ cluster: this.#cluster.alias, transactionalId }, { cause: error })
  }

  #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(task)
    // The next call waits for this one and does not care how it ended.
    this.#last = done.catch(() => undefined)
    return done
  }
}

/** Without the transactional id: whoever writes with it would write in a transaction. */
function plain(producer: TransactionalProducer | null): ProducerIdentity | null {
  return producer === null ? null : { producerId: producer.producerId, producerEpoch: producer.producerEpoch }
}

/** No permission, a broker that is too old, or one that cannot keep its transaction log: waiting does not mend it. */
function isRefusal(error: unknown): error is TwinlogError {
  if (!(error instanceof TwinlogError)) return false
  const { code, parameters } = error
  if (code === 'API_UNSUPPORTED' || code === 'KAFKA_REFUSED') return true
  if (code === 'KAFKA_UNAUTHORIZED') return parameters['error'] === 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'
  return parameters['error'] === 'COORDINATOR_NOT_AVAILABLE'
}
