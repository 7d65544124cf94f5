import { AbortedTransactions } from '../wire/aborted-transactions.ts'
import type { FetchedPartition } from '../wire/fetch-response.ts'
import type { BatchGroup } from './batch-group.ts'
import type { BatchMemory } from './batch-memory.ts'
import type { MirroredPartition } from './mirrored-partition.ts'

/** One partition's part of a fetched answer, and how far it was taken in. */
export class AnswerWalk {
  readonly partition: MirroredPartition
  readonly memory: BatchMemory
  readonly start: number
  /** Where the next batch begins in the memory. */
  at: number
  readonly end: number
  /** Null: uncommitted records are read. Is to be told of each batch once: what it says depends on what it was told before. */
  readonly aborted: AbortedTransactions | null
  /** What the walk stands before, found and not decoded yet; null: nothing is. */
  group: BatchGroup | null = null
  readonly #generation: number

  constructor(
    partition: MirroredPartition,
    bytes: { readonly memory: BatchMemory; readonly start: number; readonly end: number },
    aborted: AbortedTransactions | null,
    generation = partition.generation,
  ) {
    this.partition = partition
    this.memory = bytes.memory
    this.start = bytes.start
    this.at = bytes.start
    this.end = bytes.end
    this.aborted = aborted
    this.#generation = generation
  }

  static of(
    partition: MirroredPartition,
    { recordsStart, recordsEnd, abortedTransactions }: FetchedPartition,
    memory: BatchMemory,
    isReadCommitted: boolean,
  ): AnswerWalk {
    const bytes = { memory, start: recordsStart, end: recordsEnd }
    return new AnswerWalk(partition, bytes, isReadCommitted ? new AbortedTransactions(abortedTransactions) : null)
  }

  get isDone(): boolean {
    return this.at >= this.end
  }

  /** False once the partition goes on elsewhere: then what comes next is read anew. */
  get isCurrent(): boolean {
    const { generation, isReadable, pendingRefusal } = this.partition
    return generation === this.#generation && isReadable && pendingRefusal === null
  }

  /** Bytes that are not taken in. */
  get restBytes(): number {
    return this.end - this.at
  }

  /** What is not taken in, as a walk of its own. @param memory   holds a copy of it and nothing else */
  movedTo(memory: BatchMemory): AnswerWalk {
    const bytes = { memory, start: 0, end: this.restBytes }
    const walk = new AnswerWalk(this.partition, bytes, this.aborted, this.#generation)
    const { group, at } = this
    if (group !== null)
      walk.group = { ...group, places: group.places.map((place) => place - at), endAt: group.endAt - at }
    return walk
  }
}
