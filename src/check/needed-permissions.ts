import type { AclOperation } from '../mirror/acl-binding.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { CLUSTER_RESOURCE } from './needed-permission.ts'
import { dutyPermissions } from './duty-permissions.ts'
import type { NeededPermission } from './needed-permission.ts'

/** What of the clusters decides which permissions a flow needs. */
export interface PermissionFacts {
  /** Source topics that are mirrored. */
  readonly topics: readonly string[]
  /** Consumer groups of the source whose offsets are translated. */
  readonly groups: readonly string[]
  /** Flows of the file write heartbeats to the source of this one. */
  readonly areHeartbeatsComing: boolean
  /** Before Kafka 2.8 a producer needs IdempotentWrite on the cluster (KIP-679). */
  readonly isTargetBefore28: boolean
}

const internalOperations: readonly AclOperation[] = ['Create', 'Read', 'Write', 'Describe', 'DescribeConfigs']

/** Every permission that a flow needs, capability by capability (docs/delivery.md, Permissions). Create is not needed of a topic that is there. */
export function neededPermissions(plan: FlowPlan, facts: PermissionFacts): readonly NeededPermission[] {
  const needs = [
    ...sourceNeeds(facts),
    ...remoteTopicNeeds(plan, facts),
    ...ownNeeds(plan, facts),
    ...transactionNeeds(plan),
    ...dutyPermissions(plan, facts),
  ]
  return needs.filter(({ names }) => names.length > 0)
}

function sourceNeeds({ topics: names }: PermissionFacts): NeededPermission[] {
  return [
    {
      capability: 'find topics and their configs',
      client: 'sourceAdmin',
      resourceType: 'topic',
      names,
      operations: ['Describe', 'DescribeConfigs'],
      level: 'problem',
      without: 'remote topics are not created: without its configs a copy could be compacted or deleted too early',
    },
    {
      capability: 'read records',
      client: 'sourceData',
      resourceType: 'topic',
      names,
      operations: ['Read', 'Describe'],
      level: 'problem',
      without: 'the partitions of these topics stop',
    },
  ]
}

function remoteTopicNeeds(plan: FlowPlan, { topics }: PermissionFacts): NeededPermission[] {
  const names = topics.map((topic) => plan.policy.formatRemoteTopic(plan.source.alias, topic))
  const admin = { client: 'targetAdmin', resourceType: 'topic' } as const
  const data = { client: 'targetData', resourceType: 'topic' } as const
  return [
    {
      capability: 'create remote topics',
      ...admin,
      names,
      operations: ['Create', 'Describe'],
      level: 'problem',
      without: 'these remote topics are not created, and nothing is copied to them',
    },
    {
      capability: 'write records',
      ...data,
      names,
      operations: ['Write', 'Describe'],
      level: 'problem',
      without: 'the partitions of these topics stop',
    },
    {
      capability: 'find out how far the copy came',
      ...data,
      names,
      operations: ['Read'],
      level: 'warning',
      without: 'after a crash records may be there twice, and few batches are on their way at a time',
    },
    {
      capability: 'let remote topics grow',
      ...admin,
      names,
      operations: ['Alter'],
      level: 'warning',
      without: 'partitions that the source adds are not copied',
    },
    {
      capability: 'know what remote topics take',
      ...admin,
      names,
      operations: ['DescribeConfigs'],
      level: 'warning',
      without: 'max.message.bytes and message.timestamp.type are not known: the broker refuses what does not fit',
    },
    {
      capability: 'keep configs in step',
      ...admin,
      names: plan.topics.configSyncIntervalMs === undefined ? [] : names,
      operations: ['AlterConfigs'],
      level: 'warning',
      without: 'configs that change at the source are not copied (sync.topic.configs.enabled)',
    },
  ]
}

function ownNeeds({ groupId, positions, produce }: FlowPlan, facts: PermissionFacts): NeededPermission[] {
  return [
    {
      capability: 'one owner per flow',
      client: 'targetWorker',
      resourceType: 'group',
      names: [groupId],
      operations: ['Read', 'Describe'],
      level: 'problem',
      without: 'the flow does not start: two processes could copy it',
    },
    {
      capability: 'keep positions and the ledger',
      client: 'targetWorker',
      resourceType: 'topic',
      names: [positions.offsetsTopic, positions.ledgerTopic],
      operations: internalOperations,
      level: 'problem',
      without: 'the flow does not start',
    },
    {
      capability: 'write without duplicates',
      client: 'targetData',
      resourceType: 'cluster',
      names: facts.isTargetBefore28 && produce.isIdempotent ? [CLUSTER_RESOURCE] : [],
      operations: ['IdempotentWrite'],
      level: 'problem',
      without: 'brokers before 2.8 refuse every batch',
    },
  ]
}

function transactionNeeds(plan: FlowPlan): NeededPermission[] {
  const { transactions, groupId, source, produce } = plan
  const isEnabled = transactions.support === 'enabled'
  const fencing = `${groupId}-${source.alias}-twinlog`
  const operations: readonly AclOperation[] = ['Write', 'Describe']
  const ids = { resourceType: 'transactional-id', operations } as const
  return [
    {
      capability: 'fence what a dead process left on its way',
      client: 'targetWorker',
      ...ids,
      names: [`${fencing}-stores`, ...(produce.isIdempotent && !isEnabled ? [`${fencing}-data`] : [])],
      level: 'warning',
      without: 'late batches of a dead process may arrive after the next one began; it is said and counted',
    },
    {
      capability: 'exactly once: fence other writers',
      client: 'targetWorker',
      ...ids,
      names: transactions.support === 'disabled' ? [] : [transactions.leaderTransactionalId],
      level: 'problem',
      without: `the flow does not start (exactly.once.source.support=${transactions.support})`,
    },
    {
      capability: 'exactly once: write in transactions',
      client: 'targetData',
      ...ids,
      names: isEnabled ? [transactions.taskTransactionalId(0)] : [],
      level: 'problem',
      without: 'the flow does not start (exactly.once.source.support=enabled)',
    },
    {
      capability: 'exactly once: say who has to be fenced',
      client: 'targetWorker',
      resourceType: 'topic',
      names: isEnabled ? [transactions.configTopic.topic] : [],
      operations: internalOperations,
      level: 'problem',
      without: 'the flow does not start (exactly.once.source.support=enabled)',
    },
  ]
}
