import { createTopics } from '../kafka/admin.ts'
import { startCluster } from '../kafka/cluster.ts'
import type { KafkaCluster } from '../kafka/cluster.ts'
import { produceRecords } from '../kafka/records.ts'
import { demoTopics } from './record-stream.ts'
import type { DemoTopic, StreamPiece } from './record-stream.ts'

/** One of the two clusters, with the name that it has in mm2.properties. */
export interface DemoCluster extends AsyncDisposable {
  readonly alias: string
  readonly kafka: KafkaCluster
}

/** Starts a cluster of one broker with the demo's topics on it. @throws as startCluster */
export async function startDemoCluster(alias: string): Promise<DemoCluster> {
  await using stack = new AsyncDisposableStack()
  const kafka = stack.use(await startCluster())
  await createTopics(kafka, ...Object.values(demoTopics).map(({ name, partitions }) => ({ name, partitions })))
  const held = stack.move()
  return { alias, kafka, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

/** Writes a piece of a stream with Kafka's own producer, set as the topic asks for. @throws HELPER_FAILED */
export async function writePiece({ alias, kafka }: DemoCluster, topic: DemoTopic, piece: StreamPiece): Promise<void> {
  const isTransactional = piece.steps.includes('begin')
  const client = {
    ...kafka.adminProperties,
    ...topic.producer,
    ...(isTransactional ? { 'transactional.id': `demo-${topic.name}-${alias}` } : {}),
  }
  await produceRecords(client, piece.steps)
}
