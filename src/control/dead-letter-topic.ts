import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { createTopics } from '../kafka/admin.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { TopicWriter } from '../kafka/topic-writer.ts'
import type { RecordToWrite } from '../kafka/store-batch.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'
import type { DeadLetterOrigin, DeadLetterWriter } from '../pipeline/dead-letter-writer.ts'
import type { OversizedRecord } from '../wire/transcoded.ts'

/** The largest request that a broker takes unless it is told otherwise (socket.request.max.bytes). */
const LARGEST_RECORD_BYTES = 100 * 1024 * 1024

export interface DeadLetterTopicOptions {
  readonly flow: string
  readonly sourceAlias: string
  readonly topic: string
  /** -1: the broker's default. */
  readonly replicationFactor: number
  readonly target: ClusterClient
  readonly observe: Observer<EventName>
}

/**
 * The topic of the target that takes the records which the remote topics do not take. It is made when it is first needed. A record has its key, value
 * and headers there, and headers that say where it comes from and why it is there; its timestamp is that of the writing, which any topic takes. After a crash
 * a record may be there twice, with the same origin.
 */
export class DeadLetterTopic implements DeadLetterWriter {
  readonly #options: DeadLetterTopicOptions
  readonly #writer: TopicWriter
  #isThere = false

  constructor(options: DeadLetterTopicOptions) {
    this.#options = options
    this.#writer = new TopicWriter(options.target, options.topic)
  }

  async write(
    origin: DeadLetterOrigin,
    records: readonly OversizedRecord[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<void> {
    const { flow, topic: deadLetterTopic, observe } = this.#options
    for (const record of records) {
      const { upstreamOffset, batchBytes: sizeBytes } = record
      const { topic, partition } = origin
      try {
        await this.#ensure(signal)
        await this.#writer.write([this.#letterOf(origin, record)], { signal })
      } catch (cause) {
        signal.throwIfAborted()
        if (!(cause instanceof TwinlogError) || cause.kind === 'defect') throw cause
        const reason = cause.message
        throw errors.DEAD_LETTER_UNWRITTEN(
          { offset: upstreamOffset, topic, partition, deadLetterTopic, reason },
          { cause },
        )
      }
      observe.event('RecordDeadLettered', { flow, topic, partition, upstreamOffset, sizeBytes, deadLetterTopic })
    }
  }

  async #ensure(signal: AbortSignal): Promise<void> {
    if (this.#isThere) return
    const { topic, replicationFactor, target } = this.#options
    const known = (await target.refreshMetadata({ signal, topics: [topic] })).topics.get(topic)
    if (known === undefined || known.errorCode !== 0) {
      const configs = new Map([
        ['cleanup.policy', 'delete'],
        ['retention.ms', '-1'],
        ['max.message.bytes', String(LARGEST_RECORD_BYTES)],
      ])
      const request = { topic, partitionsCount: 1, replicationFactor, configs }
      const refusal = (await createTopics(target, [request], { signal })).get(topic)
      if (refusal !== undefined && refusal.parameters['error'] !== 'TOPIC_ALREADY_EXISTS') throw refusal
    }
    this.#isThere = true
  }

  #letterOf({ topic, partition, targetTopic }: DeadLetterOrigin, record: OversizedRecord): RecordToWrite {
    const { upstreamOffset, timestamp, key, value, headers, batchBytes } = record
    const origin = {
      cluster: this.#options.sourceAlias,
      topic,
      partition,
      offset: upstreamOffset,
      timestamp,
      'target.topic': targetTopic,
      reason: 'RECORD_TOO_LARGE',
      'batch.bytes': batchBytes,
    }
    return {
      partition: 0,
      key,
      value,
      headers: [
        ...headers.map((header) => [Buffer.from(header.key), header.value] as const),
        ...Object.entries(origin).map(
          ([name, text]) => [Buffer.from(`__twinlog.${name}`), Buffer.from(String(text))] as const,
        ),
      ],
    }
  }
}
