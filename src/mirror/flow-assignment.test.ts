import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assignFlows } from './flow-assignment.ts'
import type { GroupedMember } from './flow-assignment.ts'
import type { FlowMember } from './flow-member.ts'

const now = { generation: 9, nowMs: 1_000 }

function grouped(memberId: string, startedAtMs: number, claimed: number | null = null, flow = 'f'): GroupedMember {
  const claim = claimed === null ? null : { generation: claimed, sinceMs: claimed * 10 }
  const member: FlowMember = {
    flow,
    host: `host-${memberId}`,
    pid: 1,
    processId: memberId,
    startedAtMs,
    version: '1',
    claim,
  }
  return { memberId, member }
}

const table: readonly { what: string; members: readonly GroupedMember[]; owners: Readonly<Record<string, string>> }[] =
  [
    { what: 'nobody', members: [], owners: {} },
    { what: 'one member gets its flow', members: [grouped('a', 5)], owners: { f: 'a since 9' } },
    {
      what: 'the one that has been there longest',
      members: [grouped('a', 5), grouped('b', 3)],
      owners: { f: 'b since 9' },
    },
    {
      what: 'of the same age, always the same one',
      members: [grouped('b', 5), grouped('a', 5)],
      owners: { f: 'a since 9' },
    },
    {
      what: 'the owner keeps its flow from an older one',
      members: [grouped('a', 1), grouped('b', 5, 4)],
      owners: { f: 'b since 4' },
    },
    {
      what: 'an owner that took it while it was alone',
      members: [grouped('a', 1), grouped('b', 5, 0)],
      owners: { f: 'b since 9' },
    },
    { what: 'the later owner of two', members: [grouped('a', 1, 4), grouped('b', 5, 6)], owners: { f: 'b since 6' } },
    {
      what: 'each flow by itself',
      members: [
        grouped('a', 1, 3, 'f'),
        grouped('b', 2, null, 'f'),
        grouped('c', 1, null, 'g'),
        grouped('d', 9, 2, 'g'),
      ],
      owners: { f: 'a since 3', g: 'd since 2' },
    },
    {
      what: 'whoever is not understood gets nothing',
      members: [{ memberId: 'a', member: null }, grouped('b', 9)],
      owners: { f: 'b since 9' },
    },
  ]

for (const { what, members, owners } of table) {
  test(`assignment: ${what}`, () => {
    const found = [...assignFlows(members, now)].map(([flow, { memberId, generation }]) => [
      flow,
      `${memberId} since ${generation}`,
    ])
    assert.deepEqual(Object.fromEntries(found), owners)
  })
}

test('a new owner is told who it is and since when', () => {
  assert.deepEqual(assignFlows([grouped('a', 5)], now).get('f'), {
    memberId: 'a',
    host: 'host-a',
    pid: 1,
    generation: 9,
    sinceMs: 1_000,
  })
})

const anyMembers = fc.uniqueArray(
  fc.record({
    memberId: fc.string({ minLength: 1, maxLength: 3 }),
    startedAtMs: fc.nat(5),
    claimed: fc.option(fc.nat(4)),
    flow: fc.constantFrom('f', 'g', 'h'),
  }),
  { selector: ({ memberId }) => memberId, maxLength: 8 },
)
const groupedAll = anyMembers.map((all) =>
  all.map(({ memberId, startedAtMs, claimed, flow }) => grouped(memberId, startedAtMs, claimed, flow)),
)

test('each wanted flow has one owner, who wants it; an owner that is still there keeps it; order does not matter', () => {
  fc.assert(
    fc.property(groupedAll, (members) => {
      const owners = assignFlows(members, now)
      assert.deepEqual(new Set(owners.keys()), new Set(members.map(({ member }) => member?.flow)))
      for (const [flow, owner] of owners) {
        const candidates = members.filter(({ member }) => member?.flow === flow)
        assert.equal(candidates.filter(({ memberId }) => memberId === owner.memberId).length, 1)
        const latest = Math.max(...candidates.map(({ member }) => member?.claim?.generation ?? -1))
        if (latest >= 0) assert.equal(owner.generation, latest || now.generation)
      }
      assert.deepEqual(new Map(assignFlows(members.toReversed(), now)), new Map(owners))
    }),
  )
})

test('over any sequence of joins and leaves a flow changes hands only when its owner is gone', () => {
  const steps = fc.array(fc.record({ isLeave: fc.boolean(), index: fc.nat(9), age: fc.nat(9) }), { maxLength: 30 })
  fc.assert(
    fc.property(steps, (all) => {
      let members: GroupedMember[] = []
      let owner: string | null = null
      all.forEach(({ isLeave, index, age }, step) => {
        if (isLeave && members.length > 0) members.splice(index % members.length, 1)
        else members.push(grouped(`m${step}`, age))
        const next = assignFlows(members, { generation: step + 1, nowMs: step }).get('f') ?? null
        if (owner !== null && members.some(({ memberId }) => memberId === owner)) assert.equal(next?.memberId, owner)
        owner = next?.memberId ?? null
        members = members.map((each) =>
          each.member === null || each.memberId !== owner || next === null
            ? each
            : { ...each, member: { ...each.member, claim: { generation: next.generation, sinceMs: next.sinceMs } } },
        )
      })
    }),
  )
})
