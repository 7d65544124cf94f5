import type { SurveyedTopic } from './flow-survey.ts'
import type { VerifiedPosition } from './stretch-selection.ts'
import type { VerifyRequest } from './verify-request.ts'

const FORMAT_VERSION = 1

/** How far a partition was compared, and how many differences were found up to there. */
export interface StoredPartition extends VerifiedPosition {
  readonly sourceTopicId: string | null
  readonly targetTopicId: string | null
  readonly differencesCount: number
}

/** What a state file holds: enough to go on where an earlier run came to. */
export interface VerifyState {
  readonly version: number
  /** What was asked for: another question cannot go on with these answers. */
  readonly question: string
  /** By flow, topic and partition. */
  readonly partitions: Readonly<Record<string, StoredPartition>>
}

/** A text that is the same for questions whose answers may be put together. */
export function questionOf({
  since,
  sampleShare,
  isCompacted,
}: Pick<VerifyRequest, 'since' | 'sampleShare' | 'isCompacted'>): string {
  return JSON.stringify({ since, sample: sampleShare, compacted: isCompacted })
}

export function statePartitionKey(flow: string, topic: string, partition: number): string {
  return `${flow}/${topic}/${partition}`
}

export function encodeVerifyState(state: Omit<VerifyState, 'version'>): string {
  return `${JSON.stringify({ version: FORMAT_VERSION, ...state }, null, 1)}\n`
}

/** @returns the state, or why the text is none that can be gone on with */
export function decodeVerifyState(text: string, question: string): VerifyState | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    return `it is no JSON (${error instanceof Error ? error.message : String(error)})`
  }
  if (!isState(parsed)) return 'it was not written by twinlog verify'
  if (parsed.version !== FORMAT_VERSION) return `it has format ${parsed.version}, known is ${FORMAT_VERSION}`
  if (parsed.question !== question) {
    return `it was written with other options (${parsed.question}, now ${question}), so its results do not fit`
  }
  return parsed
}

/** @returns where to go on; null when the topics are others than they were */
export function storedPosition(
  state: VerifyState,
  flow: string,
  topic: SurveyedTopic,
  partition: number,
): StoredPartition | null {
  const stored = state.partitions[statePartitionKey(flow, topic.topic, partition)]
  if (stored === undefined) return null
  const isSame = stored.sourceTopicId === topic.sourceTopicId && stored.targetTopicId === topic.targetTopicId
  return isSame ? stored : null
}

function isState(value: unknown): value is VerifyState {
  if (typeof value !== 'object' || value === null) return false
  if (!('version' in value && 'question' in value && 'partitions' in value)) return false
  const { version, question, partitions } = value
  if (typeof version !== 'number' || typeof question !== 'string') return false
  if (typeof partitions !== 'object' || partitions === null) return false
  return Object.values(partitions).every(isStoredPartition)
}

function isStoredPartition(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { upstream, downstream, differencesCount } = value as Partial<StoredPartition>
  return [upstream, downstream, differencesCount].every((each) => Number.isSafeInteger(each) && Number(each) >= 0)
}
