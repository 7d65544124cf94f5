import type { ClusterMetadata } from './cluster-metadata.ts'

type Topics = 'all' | readonly string[]

interface Round {
  topics: Topics
  readonly done: PromiseWithResolvers<ClusterMetadata>
}

/**
 * Lets many callers share few metadata requests: one is under way, at most one more waits behind it and grows by what is asked
 * meanwhile. Nobody joins the one under way: its answer may be older than the question.
 */
export class MetadataRefresh {
  readonly #fetch: (topics: Topics) => Promise<ClusterMetadata>
  #running: Round | null = null
  #next: Round | null = null

  /** @param fetch  makes one request; 'all' or names, [] for brokers alone */
  constructor(fetch: (topics: Topics) => Promise<ClusterMetadata>) {
    this.#fetch = fetch
  }

  request(topics: Topics): Promise<ClusterMetadata> {
    if (this.#running === null) return this.#run({ topics, done: Promise.withResolvers() })
    this.#next ??= { topics: [], done: Promise.withResolvers() }
    this.#next.topics = union(this.#next.topics, topics)
    return this.#next.done.promise
  }

  #run(round: Round): Promise<ClusterMetadata> {
    this.#running = round
    // Callers may have left before a failure; it is theirs to report, if they are there.
    round.done.promise.catch(() => {})
    this.#fetch(round.topics)
      .finally(() => {
        this.#running = null
        const next = this.#next
        this.#next = null
        if (next !== null) void this.#run(next)
      })
      .then(round.done.resolve, round.done.reject)
    return round.done.promise
  }
}

function union(a: Topics, b: Topics): Topics {
  return a === 'all' || b === 'all' ? 'all' : [...new Set([...a, ...b])]
}
