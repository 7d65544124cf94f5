import type { ClientSettings } from '../config/client-settings.ts'

/** Why a remote topic could not be created or grown. */
export interface TopicFailure {
  /** Source topic. */
  readonly topic: string
  readonly targetTopic: string
  /** Kafka's error name, for example TOPIC_AUTHORIZATION_FAILED; with `SOURCE_` before it when the source said it. */
  readonly error: string
}

export interface RemedyCluster {
  readonly alias: string
  readonly client: ClientSettings
}

export interface TopicFailureContext {
  readonly flow: string
  readonly source: RemedyCluster
  readonly target: RemedyCluster
  readonly replicationFactor: number
  readonly brokersCount: number
}

const targetOperations = ['Create', 'Describe', 'DescribeConfigs', 'Alter', 'Write']
const sourceOperations = ['Describe', 'DescribeConfigs', 'Read']

/** What the user can do about it, in one sentence with the command where there is one. */
export function topicRemedy(failure: TopicFailure, context: TopicFailureContext): string {
  switch (failure.error) {
    case 'SOURCE_TOPIC_AUTHORIZATION_FAILED':
    case 'SOURCE_CLUSTER_AUTHORIZATION_FAILED':
      return `Allow it: ${aclCommand(context.source, failure.topic, sourceOperations)}`
    case 'TOPIC_AUTHORIZATION_FAILED':
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return `Allow it: ${aclCommand(context.target, failure.targetTopic, targetOperations)}`
    case 'INVALID_REPLICATION_FACTOR':
      return replicationRemedy(context)
    case 'INVALID_CONFIG':
      return 'Add the name of that topic config to config.properties.exclude.'
    case 'POLICY_VIOLATION':
      return 'Create the topic by hand within what the target allows, or exclude the config it names (config.properties.exclude).'
    case 'INVALID_TOPIC_EXCEPTION':
      return 'Topic names have at most 249 characters of a-z A-Z 0-9 . _ - ; exclude the topic, or use a shorter alias.'
    case 'INVALID_PARTITIONS':
      return 'The partition count does not fit what the target allows: create or grow the topic by hand.'
    default:
      return 'It is tried again by itself.'
  }
}

function aclCommand({ client }: RemedyCluster, topic: string, operations: readonly string[]): string {
  const principal = client.sasl?.username ?? 'ANONYMOUS'
  const options = operations.map((operation) => `--operation ${operation}`).join(' ')
  const server = client.bootstrapServers[0] ?? ''
  return `kafka-acls --bootstrap-server ${server} --add --allow-principal 'User:${principal}' ${options} --topic '${topic}'`
}

function replicationRemedy({ flow, target, replicationFactor, brokersCount }: TopicFailureContext): string {
  const brokers = brokersCount === 1 ? '1 broker' : `${brokersCount} brokers`
  return (
    `Cluster ${target.alias} has ${brokers} and replication.factor is ${replicationFactor}: ` +
    `set ${flow}.replication.factor to at most ${brokersCount}, or to -1 for the cluster's own default.`
  )
}
