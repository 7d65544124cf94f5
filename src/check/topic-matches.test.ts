import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseProperties } from '../config/properties.ts'
import { resolvePlan } from '../mirror/flow-plan-resolution.ts'
import { matchGroups } from './group-matches.ts'
import { matchTopics } from './topic-matches.ts'

function plan(...settings: readonly string[]) {
  const text = ['clusters=a,b', 'a.bootstrap.servers=a:1', 'b.bootstrap.servers=b:1', 'a->b.enabled=true', ...settings]
  const [flow] = resolvePlan(parseProperties(text.join('\n'), 'mm2.properties')).flows
  assert.ok(flow !== undefined)
  return flow
}

const said = (findings: readonly { level: string; code: string; what: string }[]) =>
  findings.map(({ level, code, what }) => `${level} ${code}: ${what}`)

test('every topic has its rule or its reason; a filter that matches nothing is a problem', () => {
  const names = ['orders', 'payments', '__consumer_offsets', 'b.back', 'heartbeats', 'secret']
  const { topics, findings } = matchTopics(plan('topics=orders,secret', 'topics.exclude=secret'), names, new Set())
  assert.deepEqual(findings, [])
  assert.deepEqual(
    Object.fromEntries(
      topics.map(({ name, decision }) => [name, 'rule' in decision ? decision.rule : decision.reason]),
    ),
    {
      __consumer_offsets: 'internal',
      'b.back': 'cycle',
      heartbeats: 'heartbeats',
      orders: 'orders',
      payments: 'not-listed',
      secret: 'secret',
    },
  )
  const none = matchTopics(plan('topics=ordres'), ['orders', 'x'], new Set())
  assert.deepEqual(said(none.findings), [
    'problem topics-none: the filter matches none of the 2 topics of a that we may see',
    'warning topics-rule-unused: the rule ordres of "topics" matches no topic now; did you mean orders?',
  ])
  const hidden = matchTopics(plan('topics=orders,unseen'), ['orders'], new Set(['unseen']))
  assert.match(said(hidden.findings).join(), /^problem topic-hidden: the topic unseen/)
})

test('groups: the same, and what is no group of consumers is left out', () => {
  const group = (groupId: string, type = 'classic' as 'classic' | 'share', protocolType = 'consumer') => ({
    groupId,
    type,
    protocolType,
    state: 'Empty',
    nodeId: 1,
  })
  const listed = [
    group('readers'),
    group('console-consumer-1'),
    group('shared', 'share'),
    group('c', 'classic', 'connect'),
  ]
  const { groups, findings } = matchGroups(plan(), listed)
  assert.deepEqual(findings, [])
  assert.deepEqual(
    groups.map(({ name, decision }) => [name, decision.isIncluded ? decision.rule : decision.reason]),
    [
      ['c', 'type'],
      ['console-consumer-1', 'excluded'],
      ['readers', '.*'],
      ['shared', 'type'],
    ],
  )
  assert.deepEqual(said(matchGroups(plan('groups=raeders'), listed).findings), [
    'problem groups-none: the filter matches none of the 2 consumer groups of a that we may see',
  ])
  assert.deepEqual(said(matchGroups(plan('groups=raeders,readers'), listed).findings), [
    'warning groups-rule-unused: the rule raeders of "groups" matches no group now; did you mean readers?',
  ])
  assert.deepEqual(matchGroups(plan(), []).findings, [])
  // Mirrors have groups of their own.
  assert.deepEqual(matchGroups(plan(), [group('us-mm2', 'classic', 'twinlog')]).findings, [])
})
