import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseProperties } from '../config/properties.ts'
import { resolvePlan } from '../mirror/flow-plan-resolution.ts'
import { selectMirroredTopics } from '../mirror/topic-filter-selection.ts'
import { graphFindings } from './flow-graph.ts'

const identity = 'replication.policy.class=IdentityReplicationPolicy'

/** Findings of a file, given the topics and the id of each cluster. */
function findings(
  flows: readonly string[],
  {
    topics,
    ids = {},
    settings = [],
  }: { topics: Record<string, string[]>; ids?: Record<string, string>; settings?: string[] },
): string[] {
  const aliases = Object.keys(topics)
  const text = [
    `clusters=${aliases.join(',')}`,
    ...aliases.map((alias) => `${alias}.bootstrap.servers=${alias}:9092`),
    ...flows.map((flow) => `${flow}.enabled=true`),
    ...settings,
  ].join('\n')
  const plans = resolvePlan(parseProperties(text, 'mm2.properties')).flows
  const idOf = (alias: string): string => ids[alias] ?? `id-${alias}`
  const graph = plans.map((plan) => ({
    plan,
    sourceId: idOf(plan.source.alias),
    targetId: idOf(plan.target.alias),
    topics: selectMirroredTopics(plan, topics[plan.source.alias] ?? []),
  }))
  const found = graphFindings(graph, new Map(aliases.map((alias) => [alias, idOf(alias)])))
  return found.map(({ level, code, what, effect }) => `${level} ${code}: ${what}; ${effect}`)
}

describe('flows together', () => {
  test('one cluster under two aliases: with the identity policy a flow between them does not start', () => {
    const same = { topics: { a: ['t'], b: ['t'] }, ids: { a: 'x', b: 'x' } }
    assert.match(
      findings(['a->b'], same).join(),
      /^warning same-cluster: a and b are the same cluster \(id x\); .*a->b copies/,
    )
    assert.match(
      findings(['a->b'], { ...same, settings: [identity] }).join(),
      /^problem same-cluster: .*a->b does not start/,
    )
    assert.deepEqual(findings(['a->b'], { topics: same.topics }), [])
  })

  test('fan-in: two flows that keep names write the same topic; with aliases before them they do not', () => {
    const fanIn = { topics: { a: ['t', 'only-a'], b: ['t'], c: [] } }
    assert.deepEqual(findings(['a->c', 'b->c'], fanIn), [])
    const [collision, ...others] = findings(['a->c', 'b->c'], { ...fanIn, settings: [identity] })
    assert.match(collision ?? '', /^problem collision: the flows a->c and b->c would write the same topics: t;/)
    assert.deepEqual(others, [])
    // The same, seen by cluster ids: c and d are one cluster.
    const twoNames = { topics: { ...fanIn.topics, d: [] }, ids: { c: 'x', d: 'x' }, settings: [identity] }
    assert.match(findings(['a->c', 'b->d'], twoNames).join('\n'), /collision: the flows a->c and b->d/)
  })

  test('a ring: names break it, or filters do; where nothing does it is a loop', () => {
    const both = { topics: { a: ['t', 'b.u'], b: ['t', 'a.t'] } }
    const ring = ['a->b', 'b->a']
    assert.match(findings(ring, both).join(), /^info ring: .*b->a leaves a\.t out \(it came from a, as its name says\)/)
    const [loop] = findings(ring, { ...both, settings: [identity] })
    assert.match(loop ?? '', /^problem loop: the flows a->b, b->a are a ring, .* these topics through: a\.t, b\.u, t;/)
    const filtered = { ...both, settings: [identity, 'a->b.topics=x.*', 'b->a.topics=y.*'] }
    assert.match(
      findings(ring, { ...filtered, topics: { a: ['x1'], b: ['y1'] } }).join(),
      /^info ring: .*b->a leaves x1 out \(no rule of "topics" matches it\)/,
    )
    const excluded = { topics: { a: ['t'], b: ['t'] }, settings: [identity, 'b->a.topics.exclude=t'] }
    assert.match(findings(ring, excluded).join(), /^info ring: .*\(topics\.exclude: t\)/)
  })

  test('a ring of three, also by cluster id, is one ring', () => {
    const three = { topics: { a: ['t'], b: [], c: [] }, settings: [identity] }
    assert.equal(findings(['a->b', 'b->c', 'c->a'], three).filter((one) => one.startsWith('problem loop')).length, 1)
    const hidden = { topics: { a: ['t'], b: [], a2: [] }, ids: { a: 'x', a2: 'x' }, settings: [identity] }
    assert.match(findings(['a->b', 'b->a2'], hidden).join('\n'), /problem loop: the flows a->b, b->a2/)
    const named = { ...hidden, settings: [] }
    assert.match(
      findings(['a->b', 'b->a2'], named).join('\n'),
      /info ring: .*nothing goes round: a->b leaves b\.a\.t out \(it came from b/,
    )
  })
})
