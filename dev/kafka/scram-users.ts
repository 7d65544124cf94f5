import type { KafkaUser } from './cluster-options.ts'
import { mustRunTool } from './tools.ts'
import type { ToolTarget } from './tools.ts'

/** Makes the users known to a running cluster, for Kafka versions whose storage format cannot hold them from the start. */
export async function addScramUsers(cluster: ToolTarget, users: readonly KafkaUser[]): Promise<void> {
  for (const { name, password } of users) {
    const credentials = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => `${mechanism}=[password=${password}]`)
    await mustRunTool(cluster, 'kafka-configs', [
      ...['--entity-type', 'users', '--entity-name', name],
      ...['--alter', '--add-config', credentials.join(',')],
    ])
  }
}
