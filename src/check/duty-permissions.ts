import type { AclOperation } from '../mirror/acl-binding.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { CLUSTER_RESOURCE } from './needed-permission.ts'
import type { NeededPermission } from './needed-permission.ts'
import type { PermissionFacts } from './needed-permissions.ts'

/** What a flow needs for what it does beside copying, by what is switched on. Copying goes on without any of it. */
export function dutyPermissions(plan: FlowPlan, facts: PermissionFacts): readonly NeededPermission[] {
  const { recordPolicies, topics, offsetSyncs, policy } = plan
  const writing: readonly AclOperation[] = ['Create', 'Write', 'Describe']
  const isParking = recordPolicies.oversized === 'dead-letter'
  const isAclSynced = topics.aclSyncIntervalMs !== undefined
  const ofTopic = { resourceType: 'topic', level: 'warning' } as const
  return [
    {
      capability: 'park records that are too large',
      client: 'targetWorker',
      ...ofTopic,
      names: isParking ? [recordPolicies.deadLetterTopic.topic] : [],
      operations: writing,
      without: 'a partition with such a record stops before it',
    },
    {
      capability: 'emit heartbeats',
      client: 'targetData',
      ...ofTopic,
      names: plan.heartbeats === undefined ? [] : [policy.heartbeatsTopic()],
      operations: writing,
      without: 'no heartbeats are written (emit.heartbeats.enabled)',
    },
    {
      capability: 'write heartbeats to the source, which are copied',
      client: 'sourceAdmin',
      ...ofTopic,
      names: facts.areHeartbeatsComing ? [policy.heartbeatsTopic()] : [],
      operations: writing,
      without: `nobody hears on ${plan.target.alias} that ${plan.source.alias} is there (emit.heartbeats.enabled)`,
    },
    {
      capability: 'emit offset syncs',
      client: offsetSyncs?.location === 'target' ? 'targetAdmin' : 'sourceAdmin',
      ...ofTopic,
      names: offsetSyncs === undefined ? [] : [offsetSyncs.topic],
      operations: writing,
      without: 'no offset syncs are written (emit.offset-syncs.enabled)',
    },
    {
      capability: 'read access rules',
      client: 'sourceAdmin',
      resourceType: 'cluster',
      names: isAclSynced ? [CLUSTER_RESOURCE] : [],
      operations: ['Describe'],
      level: 'warning',
      without: 'access rules are not copied (sync.topic.acls.enabled)',
    },
    {
      capability: 'write access rules',
      client: 'targetAdmin',
      resourceType: 'cluster',
      names: isAclSynced ? [CLUSTER_RESOURCE] : [],
      operations: ['Describe', 'Alter'],
      level: 'warning',
      without: 'access rules are not copied (sync.topic.acls.enabled)',
    },
    ...groupPermissions(plan, facts),
  ]
}

function groupPermissions({ groups, policy, source }: FlowPlan, facts: PermissionFacts): NeededPermission[] {
  const { checkpoints, syncIntervalMs } = groups
  const isSynced = syncIntervalMs !== undefined
  const named = checkpoints === undefined && !isSynced ? [] : facts.groups
  const remote = facts.topics.map((topic) => policy.formatRemoteTopic(source.alias, topic))
  const level = 'warning'
  const without = 'offsets of these groups are not committed on the target (sync.group.offsets.enabled)'
  return [
    {
      capability: 'read the offsets of groups',
      client: 'sourceAdmin',
      resourceType: 'group',
      names: named,
      operations: ['Describe'],
      level,
      without: 'offsets of these groups are not translated',
    },
    {
      capability: 'emit checkpoints',
      client: 'targetData',
      resourceType: 'topic',
      names: checkpoints === undefined ? [] : [checkpoints.topic],
      operations: ['Create', 'Read', 'Write', 'Describe'],
      level,
      without: 'no checkpoints are written (emit.checkpoints.enabled)',
    },
    {
      capability: 'commit offsets of groups',
      client: 'targetAdmin',
      resourceType: 'group',
      names: isSynced ? facts.groups : [],
      operations: ['Read', 'Describe'],
      level,
      without,
    },
    {
      capability: 'commit offsets in remote topics',
      client: 'targetAdmin',
      resourceType: 'topic',
      names: isSynced ? remote : [],
      operations: ['Read'],
      level,
      without,
    },
  ]
}
