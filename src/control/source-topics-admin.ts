import { listTopics } from '../kafka/admin.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import { readTopicConfigEntries } from './topic-config-entries.ts'
import type { CallOptions, SourceTopics } from './topic-ports.ts'
import type { TopicView } from './topic-reconciliation.ts'
import { topicView } from './topic-view.ts'

const unknownTopicCode = 3

/** What topic sync asks of the source, over its admin client. */
export class SourceTopicsAdmin implements SourceTopics {
  readonly #cluster: ClusterClient

  constructor(cluster: ClusterClient) {
    this.#cluster = cluster
  }

  async list({ signal }: CallOptions): Promise<readonly TopicView[]> {
    const topics = await listTopics(this.#cluster, { signal })
    // A topic without partitions is one that the answer has an error for: it is neither there nor gone.
    return topics.filter(({ isInternal, partitions }) => !isInternal && partitions.length > 0).map(topicView)
  }

  async findGone(topics: readonly string[], { signal }: CallOptions): Promise<ReadonlySet<string>> {
    const metadata = await this.#cluster.refreshMetadata({ signal, topics })
    return new Set(topics.filter((topic) => metadata.topics.get(topic)?.errorCode === unknownTopicCode))
  }

  describeConfigs(topics: readonly string[], options: CallOptions) {
    return readTopicConfigEntries(this.#cluster, topics, options)
  }
}
