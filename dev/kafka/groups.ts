import type { AdminTarget } from './admin.ts'
import { javaHelper } from './java-helper.ts'

/** A committed offset as Java has it. */
export interface GroupOffset {
  readonly offset: number
  readonly metadata: string
}

/** By topic and partition. */
export type GroupOffsets = Readonly<Record<string, Readonly<Record<string, GroupOffset>>>>

export interface ConsumedRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
}

/** What Java's MirrorClient says of a cluster. */
export interface MirrorClientView {
  readonly checkpointTopics: readonly string[]
  readonly heartbeatTopics: readonly string[]
  readonly remoteTopics: readonly string[]
  readonly upstreamClusters: readonly string[]
  /** By alias; -1: it cannot be reached. */
  readonly hops: Readonly<Record<string, number>>
}

export type GroupProtocol = 'classic' | 'consumer'

/** A consumer that is a member of a group until it is disposed of, and commits nothing. Resolves when it has partitions. */
export async function joinGroup(
  target: AdminTarget,
  group: string,
  topic: string,
  protocol: GroupProtocol = 'classic',
): Promise<AsyncDisposable> {
  const helper = await javaHelper()
  const leaving = new AbortController()
  const joined = Promise.withResolvers<unknown>()
  const body = { client: { ...clientOf(target, protocol), 'auto.offset.reset': 'earliest' }, group, topic }
  const left = helper.request('joinGroup', body, { onItem: joined.resolve, signal: leaving.signal })
  left.catch(joined.reject)
  await joined.promise
  return {
    async [Symbol.asyncDispose]() {
      leaving.abort()
      await left
    },
  }
}

/** Reads with a group from where it stands to the ends of all partitions; it commits nothing. @throws HELPER_FAILED where it stands nowhere and nothing else is asked for */
export async function consumeGroup(
  target: AdminTarget,
  group: string,
  topic: string,
  autoOffsetReset: 'none' | 'earliest' = 'none',
): Promise<ConsumedRecord[]> {
  const helper = await javaHelper()
  const records: ConsumedRecord[] = []
  const client = { ...clientOf(target), 'isolation.level': 'read_committed', 'auto.offset.reset': autoOffsetReset }
  await helper.request(
    'consumeGroup',
    { client, group, topic },
    { onItem: (item) => records.push(item as ConsumedRecord) },
  )
  return records
}

/** Commits offsets as a consumer that has its partitions assigned does; with them goes what it says of itself. */
export async function commitAsConsumer(
  target: AdminTarget,
  group: string,
  offsets: Readonly<Record<string, Readonly<Record<number, Partial<GroupOffset>>>>>,
): Promise<void> {
  const helper = await javaHelper()
  await helper.request('commitAsConsumer', { client: clientOf(target), group, offsets })
}

/** RemoteClusterUtils.translateOffsets. */
export async function translateOffsets(target: AdminTarget, alias: string, group: string): Promise<GroupOffsets> {
  const helper = await javaHelper()
  return (await helper.request('translateOffsets', { client: clientOf(target), alias, group })) as GroupOffsets
}

/** What MirrorClient says of a cluster. @param aliases   to which hops are counted */
export async function mirrorClient(target: AdminTarget, aliases: readonly string[]): Promise<MirrorClientView> {
  const helper = await javaHelper()
  return (await helper.request('mirrorClient', { client: clientOf(target), aliases })) as MirrorClientView
}

function clientOf({ adminProperties }: AdminTarget, protocol: GroupProtocol = 'classic'): Record<string, string> {
  return { ...adminProperties, ...(protocol === 'consumer' ? { 'group.protocol': protocol } : {}) }
}
