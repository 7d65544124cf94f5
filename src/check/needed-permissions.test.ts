import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProperties } from '../config/properties.ts'
import { resolvePlan } from '../mirror/flow-plan-resolution.ts'
import { neededPermissions } from './needed-permissions.ts'
import type { PermissionFacts } from './needed-permissions.ts'

const facts = { topics: ['t'], groups: ['g'], areHeartbeatsComing: false, isTargetBefore28: false }

/** Capabilities with what they need, of a file with these settings. */
function needs(settings: readonly string[], changes: Partial<PermissionFacts> = {}): Record<string, string> {
  const text = ['clusters=a,b', 'a.bootstrap.servers=a:1', 'b.bootstrap.servers=b:1', 'a->b.enabled=true', ...settings]
  const [plan] = resolvePlan(parseProperties(text.join('\n'), 'mm2.properties')).flows
  assert.ok(plan !== undefined)
  const found = neededPermissions(plan, { ...facts, ...changes })
  assert.equal(new Set(found.map(({ capability }) => capability)).size, found.length)
  return Object.fromEntries(
    found.map(({ capability, client, operations, names, level }) => [
      capability,
      `${level} ${client} ${operations.join('+')} ${names.join()}`,
    ]),
  )
}

const off = ['emit.heartbeats', 'emit.offset-syncs', 'emit.checkpoints', 'sync.topic.acls', 'sync.topic.configs'].map(
  (name) => `${name}.enabled=false`,
)

test('a flow that only copies needs its topics, its group, its ledger, and ids to fence with', () => {
  assert.deepEqual(needs(off), {
    'find topics and their configs': 'problem sourceAdmin Describe+DescribeConfigs t',
    'read records': 'problem sourceData Read+Describe t',
    'create remote topics': 'problem targetAdmin Create+Describe a.t',
    'write records': 'problem targetData Write+Describe a.t',
    'find out how far the copy came': 'warning targetData Read a.t',
    'let remote topics grow': 'warning targetAdmin Alter a.t',
    'know what remote topics take': 'warning targetAdmin DescribeConfigs a.t',
    'one owner per flow': 'problem targetWorker Read+Describe a-mm2',
    'keep positions and the ledger':
      'problem targetWorker Create+Read+Write+Describe+DescribeConfigs mm2-offsets.a.internal,mm2-ledger.a.internal',
    'fence what a dead process left on its way':
      'warning targetWorker Write+Describe a-mm2-a-twinlog-stores,a-mm2-a-twinlog-data',
  })
})

test('what is switched on needs more', () => {
  const added = (settings: readonly string[], changes: Partial<PermissionFacts> = {}) => {
    const before = needs(off)
    const after = Object.entries(needs([...off, ...settings], changes))
    return Object.fromEntries(after.filter(([capability, text]) => before[capability] !== text))
  }
  const exactly = added(['b.exactly.once.source.support=enabled'])
  assert.equal(
    exactly['exactly once: write in transactions'],
    'problem targetData Write+Describe a-mm2-MirrorSourceConnector-0',
  )
  assert.equal(
    exactly['exactly once: fence other writers'],
    'problem targetWorker Write+Describe connect-cluster-a-mm2',
  )
  assert.match(exactly['exactly once: say who has to be fenced'] ?? '', /Create.* mm2-configs\.a\.internal$/)
  assert.deepEqual(added(['twinlog.oversized.record.policy=dead-letter']), {
    'park records that are too large': 'warning targetWorker Create+Write+Describe mm2-dead-letters.a.internal',
  })
  assert.deepEqual(added([], { isTargetBefore28: true }), {
    'write without duplicates': 'problem targetData IdempotentWrite kafka-cluster',
  })
  assert.deepEqual(added([], { areHeartbeatsComing: true }), {
    'write heartbeats to the source, which are copied': 'warning sourceAdmin Create+Write+Describe heartbeats',
  })
  const all = needs([])
  assert.equal(all['emit offset syncs'], 'warning sourceAdmin Create+Write+Describe mm2-offset-syncs.b.internal')
  assert.equal(all['emit heartbeats'], 'warning targetData Create+Write+Describe heartbeats')
  assert.equal(all['read access rules'], 'warning sourceAdmin Describe kafka-cluster')
  assert.equal(all['keep configs in step'], 'warning targetAdmin AlterConfigs a.t')
  assert.equal(all['emit checkpoints'], 'warning targetData Create+Read+Write+Describe a.checkpoints.internal')
  assert.equal(
    needs(['sync.group.offsets.enabled=true'])['commit offsets of groups'],
    'warning targetAdmin Read+Describe g',
  )
})
