import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { javaHelper } from '../../dev/kafka/java-helper.ts'
import { runTool } from '../../dev/kafka/tools.ts'

export interface JudgeOptions {
  /** What of the source counts: default read_committed, which leaves aborted records out. */
  readonly sourceIsolation?: 'read_committed' | 'read_uncommitted'
  /** Default read_uncommitted: everything that stands in the target counts. */
  readonly targetIsolation?: 'read_committed' | 'read_uncommitted'
  /** Default all of the source's. */
  readonly partitions?: readonly number[]
  /** Whether timestamps have to agree; default true. */
  readonly hasTimestamps?: boolean
  /** Whether offsets have to agree; default false. */
  readonly hasOffsets?: boolean
}

/** What Kafka's consumer found in both topics. */
export interface Reconciliation {
  readonly source: number
  readonly target: number
  readonly missing: number
  readonly duplicated: number
  readonly reordered: number
  /** Target records that the source does not have. */
  readonly foreign: number
  readonly examples: readonly string[]
}

interface Comparison {
  readonly records: number
  readonly differences: readonly Readonly<Record<string, unknown>>[]
}

/**
 * Fails unless both topics hold the same keys, values, headers and timestamps in the same order, partition by
 * partition, as Kafka's Java consumer reads them.
 * @returns how many records were compared
 */
export async function assertSameRecords(
  source: KafkaCluster,
  target: KafkaCluster,
  topic: string,
  remoteTopic: string,
  options: JudgeOptions = {},
): Promise<number> {
  const helper = await javaHelper()
  const { hasTimestamps = true, hasOffsets = false } = options
  const sides = sidesOf(source, target, topic, remoteTopic, options)
  const comparison = (await helper.request('compare', { ...sides, hasTimestamps, hasOffsets })) as Comparison
  const list = comparison.differences.map((difference) => JSON.stringify(difference)).join('\n')
  assert.equal(comparison.differences.length, 0, `${topic} and ${remoteTopic} differ:\n${list}`)
  return comparison.records
}

/** Counts what is missing, repeated, out of order and foreign in the target; the assertions below are made of it. */
export async function reconcile(
  source: KafkaCluster,
  target: KafkaCluster,
  topic: string,
  remoteTopic: string,
  options: JudgeOptions = {},
): Promise<Reconciliation> {
  const helper = await javaHelper()
  const sides = sidesOf(source, target, topic, remoteTopic, options)
  return (await helper.request('reconcile', {
    ...sides,
    hasTimestamps: options.hasTimestamps ?? true,
  })) as Reconciliation
}

/** Fails unless every source record is in the target at least as often; others and repeated ones may be there too. */
export async function assertNoLoss(...args: Parameters<typeof reconcile>): Promise<Reconciliation> {
  return assertZero(await reconcile(...args), ['missing'])
}

/** Fails when a record is in the target more often than in the source. */
export async function assertNoDuplicates(...args: Parameters<typeof reconcile>): Promise<Reconciliation> {
  return assertZero(await reconcile(...args), ['duplicated', 'foreign'])
}

/** Fails unless the first appearances of the records in the target follow the order of the source partition. */
export async function assertOrder(...args: Parameters<typeof reconcile>): Promise<Reconciliation> {
  return assertZero(await reconcile(...args), ['reordered'])
}

/** Fails on loss, duplicates, foreign records and disorder: everything once and in order. */
export async function assertExactlyOnceInOrder(...args: Parameters<typeof reconcile>): Promise<Reconciliation> {
  return assertZero(await reconcile(...args), ['missing', 'duplicated', 'foreign', 'reordered'])
}

/**
 * Fails when Kafka's own log reader (kafka-dump-log --deep-iteration, which decompresses and decodes every record and
 * checks every checksum) has a complaint about a segment of the topic on any broker.
 * @returns the number of segment files read
 */
export async function assertLogsValid(cluster: KafkaCluster, topic: string): Promise<number> {
  const files = await segmentFiles(cluster, topic)
  assert.ok(files.length > 0, `No broker holds a segment of ${topic}`)
  const result = await runTool(cluster, 'kafka-dump-log', ['--deep-iteration', '--files', files.join(',')])
  const output = result.stdout + result.stderr
  assert.equal(result.exitCode, 0, output.slice(-4_000))
  const complaints = output.split('\n').filter(isComplaint)
  assert.deepEqual(complaints.slice(0, 5), [], `kafka-dump-log complains about ${topic}`)
  return files.length
}

/** Segment files of a topic on all brokers. */
export async function segmentFiles(cluster: KafkaCluster, topic: string): Promise<string[]> {
  const found: string[] = []
  for (const { logDir } of cluster.brokers) {
    const folders = (await readdir(logDir)).filter((name) => name.replace(/-\d+$/, '') === topic && name !== topic)
    for (const folder of folders) {
      const files = await readdir(join(logDir, folder))
      found.push(...files.filter((name) => name.endsWith('.log')).map((name) => join(logDir, folder, name)))
    }
  }
  return found
}

/**
 * A healthy dump has these lines and no others. Of a segment that does not begin at offset 0 the tool says "-1 is followed by" its first
 * offset (DumpLogSegments.dumpLog begins with lastOffset -1 in every file); a real hole has a line of its own with other numbers.
 */
const HEALTHY =
  /^(Dumping |Log starting offset: |Starting offset: |baseOffset: |\| offset: |offset: |$|Non-consecutive offsets in | {2}-1 is followed by )/

function isComplaint(line: string): boolean {
  return !HEALTHY.test(line) || /isvalid: false/i.test(line)
}

function assertZero(found: Reconciliation, counts: readonly (keyof Reconciliation)[]): Reconciliation {
  const wrong = counts.filter((count) => found[count] !== 0)
  const { examples, ...numbers } = found
  assert.deepEqual(wrong, [], `${JSON.stringify(numbers)}\n${examples.join('\n')}`)
  return found
}

function sidesOf(
  source: KafkaCluster,
  target: KafkaCluster,
  topic: string,
  remoteTopic: string,
  options: JudgeOptions,
): Record<string, unknown> {
  const { sourceIsolation = 'read_committed', targetIsolation = 'read_uncommitted', partitions } = options
  const chosen = partitions === undefined ? {} : { partitions }
  return {
    source: { client: source.adminProperties, topic, isolation: sourceIsolation, ...chosen },
    target: { client: target.adminProperties, topic: remoteTopic, isolation: targetIsolation, ...chosen },
  }
}
