/*
 * Records of MirrorMaker 2's configuration topic that say how many tasks of a connector may have written in transactions. Keys are plain text;
 * values are JSON without a schema. Source: KafkaConfigBackingStore (TASK_COUNT_RECORD_V0, COMMIT_TASKS_KEY), JsonConverter without schemas.
 *
 *   tasks-fencing-<connector>   {"task-count":4}   written before the tasks of a generation begin to write
 *   commit-<connector>          {"tasks":4}        the number of tasks of the newest configuration
 */

const fencingPrefix = 'tasks-fencing-'
const commitPrefix = 'commit-'

/** How many tasks of a connector may be writing. */
export interface TaskCounts {
  /** By the newest tasks-fencing record; 0: there is none. */
  readonly fenced: number
  /** By the newest commit record; 0: there is none. */
  readonly configured: number
}

/** The record by which the transactional ids of tasks 0 to `tasksCount` - 1 are known to whoever comes next. */
export function encodeTaskCount(
  connector: string,
  tasksCount: number,
): { readonly key: Buffer; readonly value: Buffer } {
  return { key: Buffer.from(`${fencingPrefix}${connector}`), value: Buffer.from(`{"task-count":${tasksCount}}`) }
}

/** @returns the counts after a record of the topic; those before it, if it says nothing about them or makes no sense */
export function takeTaskCount(
  counts: TaskCounts,
  connector: string,
  { key, value }: { readonly key: Buffer | null; readonly value: Buffer | null },
): TaskCounts {
  const name = key?.toString('utf8')
  if (name === `${fencingPrefix}${connector}`)
    return { ...counts, fenced: countIn(value, 'task-count') ?? counts.fenced }
  if (name === `${commitPrefix}${connector}`)
    return { ...counts, configured: countIn(value, 'tasks') ?? counts.configured }
  return counts
}

/** @returns 0 for a tombstone, undefined for what holds no count */
function countIn(value: Buffer | null, field: string): number | undefined {
  if (value === null) return 0
  try {
    const parsed = JSON.parse(value.toString('utf8')) as Readonly<Record<string, unknown>> | null
    const count = parsed?.[field]
    return Number.isSafeInteger(count) && (count as number) >= 0 && (count as number) <= TASKS_MAX
      ? (count as number)
      : undefined
  } catch {
    // Not JSON: Kafka Connect passes over it too.
    return undefined
  }
}

/** More than any connector has: what claims more is no count. */
const TASKS_MAX = 100_000
