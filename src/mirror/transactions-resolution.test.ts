import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TwinlogError } from '../base/catalogue.ts'
import { parseProperties } from '../config/properties.ts'
import { resolvePlan } from './flow-plan-resolution.ts'
import type { Plan } from './flow-plan-resolution.ts'
import type { FlowPlan } from './flow-plan.ts'

const base = 'clusters=A,B\nA.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\nA->B.enabled=true\n'
const enabled = `${base}B.exactly.once.source.support=enabled\n`
const committed = 'A.consumer.isolation.level=read_committed\n'

function plan(lines: string): Plan {
  return resolvePlan(parseProperties(lines, 'mm2.properties'), {})
}

function flow(lines: string): FlowPlan {
  const [first] = plan(lines).flows
  assert.ok(first)
  return first
}

function problemsOf(lines: string): string {
  try {
    plan(lines)
  } catch (error) {
    if (error instanceof TwinlogError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  return ''
}

test('the switch is a setting of the target; at top level it reaches nothing, as with MirrorMaker 2', () => {
  assert.equal(flow(base).transactions.support, 'disabled')
  assert.equal(flow(enabled + committed).transactions.support, 'enabled')
  assert.equal(flow(`${base}B.exactly.once.source.support=PREPARING`).transactions.support, 'preparing')
  assert.equal(flow(`${base}exactly.once.source.support=enabled`).transactions.support, 'disabled')
  assert.equal(flow(`${base}A->B.exactly.once.source.support=enabled`).transactions.support, 'disabled')
})

test('transactional ids and the configuration topic are those of MirrorMaker 2', () => {
  const { transactions } = flow(enabled + committed)
  assert.equal(transactions.taskTransactionalId(2), 'A-mm2-MirrorSourceConnector-2')
  assert.equal(transactions.leaderTransactionalId, 'connect-cluster-A-mm2')
  assert.deepEqual(transactions.configTopic, { topic: 'mm2-configs.A.internal', replicationFactor: 3, configs: {} })
  const named = flow(
    `${enabled}${committed}B.group.id=g\nconfig.storage.topic=c\nB.config.storage.replication.factor=1\nB.config.storage.segment.ms=5\nB.config.storage.cleanup.policy=delete`,
  ).transactions
  assert.equal(named.taskTransactionalId(0), 'g-MirrorSourceConnector-0')
  assert.equal(named.leaderTransactionalId, 'connect-cluster-g')
  assert.deepEqual(named.configTopic, { topic: 'c', replicationFactor: 1, configs: { 'segment.ms': '5' } })
})

test('exactly.once.support=required is refused unless both sides are set for it', () => {
  const required = 'A->B.exactly.once.support=required\n'
  assert.match(problemsOf(base + committed + required), /not enabled for the target/)
  assert.match(problemsOf(enabled + required), /isolation\.level=read_committed/)
  assert.equal(problemsOf(enabled + committed + required), '')
})

test('a source read uncommitted only weakens the promise, as with MirrorMaker 2, and that is said', () => {
  const { notices } = plan(enabled)
  assert.ok(notices.some(({ key, text }) => key === 'B.exactly.once.source.support' && /aborted/.test(text)))
  assert.ok(!plan(enabled + committed).notices.some(({ key }) => key === 'B.exactly.once.source.support'))
})

test('idempotence cannot be switched off with it', () => {
  const off = `${enabled}${committed}B.producer.enable.idempotence=false\n`
  assert.equal(flow(off).produce.isIdempotent, true)
  assert.ok(plan(off).notices.some(({ key }) => key === 'B.producer.enable.idempotence'))
})

test('boundaries: poll ends early, interval lasts its time within half the timeout, connector is refused', () => {
  const length = (lines: string): unknown => {
    const { intervalMs, isEndedEarly } = flow(enabled + committed + lines).transactions
    return [intervalMs, isEndedEarly]
  }
  assert.deepEqual(length(''), [100, true])
  assert.deepEqual(length('twinlog.transaction.interval.ms=7'), [7, true])
  assert.deepEqual(length('A->B.transaction.boundary=interval\nA->B.transaction.boundary.interval.ms=2000'), [
    2000,
    false,
  ])
  assert.deepEqual(length('A->B.transaction.boundary=INTERVAL\nB.offset.flush.interval.ms=9000'), [9000, false])
  assert.deepEqual(length('A->B.transaction.boundary=interval'), [30_000, false])
  assert.deepEqual(length('A->B.transaction.boundary=interval\nB.producer.transaction.timeout.ms=10000'), [
    5_000,
    false,
  ])
  assert.match(problemsOf(`${base}A->B.transaction.boundary=connector`), /does not define the boundaries/)
})
