import type { DemoCluster } from './demo-cluster.ts'
import { demoTopics } from './record-stream.ts'

/** The mm2.properties of the demo: what MirrorMaker 2 would be given to mirror two clusters both ways. */
export function mirrorFile(left: DemoCluster, right: DemoCluster): string {
  const names = Object.values(demoTopics).map(({ name }) => name)
  return `clusters = ${left.alias}, ${right.alias}
${left.alias}.bootstrap.servers = ${left.kafka.bootstrap}
${right.alias}.bootstrap.servers = ${right.kafka.bootstrap}

${left.alias}->${right.alias}.enabled = true
${right.alias}->${left.alias}.enabled = true
topics = ${names.join(', ')}

# Records of aborted transactions stay behind.
${left.alias}.consumer.isolation.level = read_committed
${right.alias}.consumer.isolation.level = read_committed

# Each cluster has one broker only.
replication.factor = 1
offset.storage.replication.factor = 1
heartbeats.topic.replication.factor = 1
offset-syncs.topic.replication.factor = 1
checkpoints.topic.replication.factor = 1
`
}
