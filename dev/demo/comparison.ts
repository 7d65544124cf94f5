import { listOffsets } from '../kafka/admin.ts'
import { mustRunTool } from '../kafka/tools.ts'
import type { DemoCluster } from './demo-cluster.ts'

/** A topic and its copy on the other cluster. */
export interface CopiedTopic {
  readonly source: DemoCluster
  readonly target: DemoCluster
  readonly topic: string
  /** Name of the copy. */
  readonly remoteTopic: string
  /** Records that a read_committed consumer sees at the source. */
  readonly count: number
}

export interface ComparisonResult {
  readonly comparedCount: number
  /** What is not equal, for people; empty when all is. */
  readonly differences: readonly string[]
}

const consumerTimeoutMs = 60_000
const printed = ['timestamp', 'partition', 'headers', 'key', 'value']

/**
 * Has Kafka's console consumer read a topic and its copy, and compares timestamp, headers, key and value record by record,
 * each partition in order.
 * @throws COMMAND_FAILED when the consumer fails
 */
export async function compareTopic(copied: CopiedTopic): Promise<ComparisonResult> {
  const { source, target, topic, remoteTopic, count } = copied
  const [before, after] = await Promise.all([
    consumePartitions(source, topic, count),
    consumePartitions(target, remoteTopic, count),
  ])
  const differences = [...(await surplusOf(copied))]
  const partitions = [...new Set([...before.keys(), ...after.keys()])].sort()
  let comparedCount = 0
  for (const partition of partitions) {
    const expected = before.get(partition) ?? []
    const found = after.get(partition) ?? []
    const place = `${remoteTopic} on ${target.alias}, ${partition}`
    comparedCount += found.length
    if (expected.length !== found.length)
      differences.push(`${place}: ${expected.length} records expected, ${found.length} found`)
    const index = expected.findIndex((line, each) => each < found.length && line !== found[each])
    if (index >= 0) differences.push(`${place}: record ${index} was\n  ${expected[index]}\nand is\n  ${found[index]}`)
  }
  if (comparedCount !== count)
    differences.push(`${remoteTopic} on ${target.alias}: ${count} records written, ${comparedCount} found`)
  return { comparedCount, differences }
}

/** The consumer stops at the expected count; that nothing comes after it, the log ends tell. */
async function surplusOf({ target, remoteTopic, count }: CopiedTopic): Promise<string[]> {
  const ranges = Object.values(await listOffsets(target.kafka, remoteTopic))
  const held = ranges.reduce((sum, { earliest, latest }) => sum + latest - earliest, 0)
  return held === count ? [] : [`${remoteTopic} on ${target.alias}: ${count} records expected, the log holds ${held}`]
}

/** @returns what the consumer printed, by partition ("Partition:0"), in order */
async function consumePartitions({ kafka }: DemoCluster, topic: string, count: number): Promise<Map<string, string[]>> {
  const flag = hasFormatterProperty(kafka.version) ? '--formatter-property' : '--property'
  const output = await mustRunTool(kafka, 'kafka-console-consumer', [
    ...['--topic', topic, '--from-beginning', '--isolation-level', 'read_committed'],
    ...['--max-messages', String(count), '--timeout-ms', String(consumerTimeoutMs)],
    ...printed.flatMap((name) => [flag, `print.${name}=true`]),
  ])
  const partitions = new Map<string, string[]>()
  for (const line of output.split('\n')) {
    const partition = line.split('\t', 2)[1]
    if (partition === undefined) continue
    const lines = partitions.get(partition)
    if (lines === undefined) partitions.set(partition, [line])
    else lines.push(line)
  }
  return partitions
}

/** KIP-1147, in Kafka 4.2, renamed --property. */
function hasFormatterProperty(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 4 || (major === 4 && minor >= 2)
}
