import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { dumpRecords } from '../../dev/kafka/records.ts'

/** Of records that only end a segment (waitForCleaner). */
const ROLL_KEY = 'roll'

/** What Kafka's consumer finds of one topic on both sides of a flow: for what translated offsets have to be. Records are told apart by their keys. */
export class ExpectedOffsets {
  readonly #pairs: readonly { readonly partition: number; readonly upstream: number; readonly downstream: number }[]

  private constructor(pairs: ExpectedOffsets['pairs']) {
    this.#pairs = pairs
  }

  /** All records that are there on both sides, by partition and upstream offset. */
  get pairs() {
    return this.#pairs
  }

  static async read(
    source: KafkaCluster,
    target: KafkaCluster,
    topic: string,
    remote: string,
  ): Promise<ExpectedOffsets> {
    const [before, after] = await Promise.all([
      dumpRecords({ client: source.adminProperties, topic }),
      dumpRecords({ client: target.adminProperties, topic: remote }),
    ])
    const found = new Map(after.map(({ partition, key, offset }) => [`${partition}/${String(key)}`, offset]))
    const pairs = before
      .filter(({ key }) => String(key) !== ROLL_KEY)
      .flatMap(({ partition, key, offset: upstream }) => {
        const downstream = found.get(`${partition}/${String(key)}`)
        return downstream === undefined ? [] : [{ partition, upstream, downstream }]
      })
    return new ExpectedOffsets(pairs)
  }

  /** @returns the downstream offset of the first record at or after an upstream offset; where there is none, the one after the last */
  downstreamOf(partition: number, upstream: number): number {
    const all = this.#pairs.filter((pair) => pair.partition === partition)
    const first = all.find((pair) => pair.upstream >= upstream)
    return first?.downstream ?? (all.at(-1)?.downstream ?? -1) + 1
  }
}
