import { createTopics, describeTopic } from '../../dev/kafka/admin.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import type { ChaosClusters } from './chaos-clusters.ts'
import { startRecords, startTransactions } from '../support/record-stream.ts'
import type { RecordStream, TransactionStream } from '../support/record-stream.ts'

/** The topics of one scenario: `plain` with several partitions, `single` with one, and one that is written in transactions of which half are aborted. */
export interface ChaosTopics {
  readonly plain: string
  readonly single: string
  readonly transactions: string
}

/** The last record of each partition. */
export interface EndMark {
  readonly key: string
  /** How many partitions each topic has at the source. */
  readonly partitionsCounts: Readonly<Record<string, number>>
}

const PARTITIONS = { plain: 4, single: 1, transactions: 2 } as const
/** Two brokers a partition, so that a fault of the third does not concern it: with a replica on it, every acknowledgement would wait for its end. */
const APART = {
  assignments: { 0: [1, 2], 1: [2, 3], 2: [3, 1], 3: [2, 1] },
  // Brokers note when they appended a record: what a consumer of theirs sees when is another matter.
  configs: { 'min.insync.replicas': '1', 'message.timestamp.type': 'LogAppendTime' },
} as const
const RECORDS_PER_SECOND = { plain: 400, single: 60 } as const

/** What is written to the source while faults happen. */
export class ChaosLoad implements AsyncDisposable {
  readonly topics: ChaosTopics
  readonly #source: KafkaCluster
  readonly #scenario: string
  #streams: (RecordStream | TransactionStream)[] = []
  #round = 0

  private constructor(source: KafkaCluster, scenario: string) {
    this.#source = source
    this.#scenario = scenario
    this.topics = {
      plain: `${scenario}.plain`,
      single: `${scenario}.single`,
      transactions: `${scenario}.transactions`,
    }
  }

  /** Makes the topics, and the copy of `plain`; nothing is written yet. @param alias   of the source, and the name of the scenario */
  static async create({ source, target }: ChaosClusters, alias: string): Promise<ChaosLoad> {
    const load = new ChaosLoad(source, alias)
    const { plain, single, transactions } = load.topics
    await createTopics(
      source,
      { name: plain, ...APART },
      { name: single, partitions: PARTITIONS.single, replicationFactor: 3 },
      { name: transactions, partitions: PARTITIONS.transactions, replicationFactor: 3 },
    )
    await createTopics(target, { name: `${alias}.${plain}`, ...APART })
    return load
  }

  get all(): string[] {
    return Object.values(this.topics)
  }

  /** Numbers of the partitions of `plain` that are written to. */
  get plainPartitions(): number[] {
    return Array.from({ length: PARTITIONS.plain }, (_, partition) => partition)
  }

  /** Begins to write; a later begin goes on with higher numbers. */
  begin(): void {
    this.#round++
    const firstSequence = this.#round * 1_000_000
    const write = (name: keyof typeof RECORDS_PER_SECOND): RecordStream =>
      startRecords(
        this.#source,
        {
          topic: this.topics[name],
          partitions: PARTITIONS[name],
          recordsPerSecond: RECORDS_PER_SECOND[name],
          valueBytes: 300,
          firstSequence,
          // A producer that waits for replicas of one partition would let all its partitions wait: then nothing is there to be copied of those that a fault does not concern.
          areApart: name === 'plain',
        },
        { 'linger.ms': '5' },
      )
    const transactions = startTransactions(this.#source, {
      topic: this.topics.transactions,
      partitions: PARTITIONS.transactions,
      transactionalId: this.#scenario,
      transactionsPerSecond: 15,
    })
    this.#streams = [write('plain'), write('single'), transactions]
  }

  /** Ends what is written, and marks the end of each partition, added ones included. */
  async end(): Promise<EndMark> {
    const streams = this.#streams
    this.#streams = []
    await Promise.all(streams.map((stream) => stream.stop()))
    const key = `end-${this.#round}`
    const partitionsCounts: Record<string, number> = {}
    for (const topic of this.all) {
      const { partitions } = await describeTopic(this.#source, topic)
      await produceRecords(
        this.#source.adminProperties,
        partitions.map(({ partition }) => ({ topic, partition, key, value: '' })),
      )
      partitionsCounts[topic] = partitions.length
    }
    return { key, partitionsCounts }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#streams.map((stream) => stream[Symbol.asyncDispose]()))
  }
}
