import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { assertLogsValid, assertSameRecords } from '../support/judge.ts'
import { longTest } from '../support/long-test.ts'
import { sumOverFlows } from '../support/logged-event.ts'
import { startMirror } from '../support/mirror.ts'
import type { Mirror } from '../support/mirror.ts'
import { startRecords, startTransactions } from '../support/record-stream.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

const FIND_COORDINATOR = 10
/** JoinGroup, Heartbeat, LeaveGroup, SyncGroup, DescribeGroups. */
const GROUP_CALLS: ReadonlySet<number> = new Set([11, 12, 13, 14, 15])
/** Nothing listens there. */
const CLOSED_PORT = 1
const SESSION_MS = 6_000

let source: KafkaCluster
let target: KafkaCluster

before(async () => {
  ;[source, target] = await Promise.all([startCluster(), startCluster({ proxy: true })])
})

after(async () => {
  await Promise.all([source, target].map((cluster) => cluster[Symbol.asyncDispose]()))
})

/** @param bootstrap   'internal' leads past the proxy, so that two processes do not share their way to the target */
function start(alias: string, bootstrap: 'bootstrap' | 'internalBootstrap'): Promise<Mirror> {
  return startMirror({
    source,
    target,
    alias,
    topics: `${alias}\\..*`,
    properties: {
      'us.bootstrap.servers': target[bootstrap],
      'twinlog.session.timeout.ms': String(SESSION_MS),
      [`${alias}.consumer.isolation.level`]: 'read_committed',
    },
  })
}

/** The group's coordinator is gone for whoever comes through the proxy: another address is said, where nothing listens. All else goes through. */
function withoutCoordinator(proxy: TcpProxy): Disposable {
  const port = Buffer.alloc(4)
  port.writeInt32BE(proxy.port)
  const answers = proxy.onAnswer((header, _request, answer) => {
    const at = header.apiKey === FIND_COORDINATOR ? answer.indexOf(port) : -1
    if (at < 0) return 'forward'
    answer.writeInt32BE(CLOSED_PORT, at)
    return answer
  })
  const requests = proxy.onRequest(({ apiKey }) => (GROUP_CALLS.has(apiKey) ? 'cut' : 'forward'))
  return { [Symbol.dispose]: () => [answers, requests].forEach((hook) => hook[Symbol.dispose]()) }
}

for (const what of ['without holes', 'with holes'] as const) {
  const hasHoles = what === 'with holes'
  const alias = hasHoles ? 'holes' : 'whole'
  longTest(
    `two processes that both go on and never hear of each other double, lose and reorder nothing (data ${what})`,
    async (context) => {
      const topic = `${alias}.both`
      await createTopics(source, { name: topic, partitions: 2 })
      await using first = await start(alias, 'bootstrap')
      await using stream = hasHoles
        ? startTransactions(source, { topic, partitions: 2, transactionalId: alias, transactionsPerSecond: 40 })
        : startRecords(source, { topic, partitions: 2, recordsPerSecond: 1_000, valueBytes: 200 }, { 'linger.ms': '2' })
      await first.waitUntilGrown(topic, 200)
      const { proxy } = target.broker(1)
      assert.ok(proxy !== undefined)
      using _gone = withoutCoordinator(proxy)
      await first.waitForEvent('CoordinatorUnreachable')
      await using second = await start(alias, 'internalBootstrap')
      await second.waitForEvent('FlowStarted')
      const takenAtMs = Date.now()
      await second.waitUntilCopying(takenAtMs)
      // Both are at it for a while.
      for (let count = 0; count < 10; count++) {
        const fromMs = Date.now()
        await Promise.race([first.waitUntilCopying(fromMs), second.waitUntilCopying(fromMs)])
        await sleep(500)
      }
      assert.deepEqual(first.eventsOf('OwnershipLost'), [], 'the group has not told the first')
      // A run of its own goes to the ledger, which takes nothing from it any more: then it ends, and may not begin again.
      for (const { msg } of first.eventsOf('FlowFailed')) assert.match(msg, /mm2-ledger\..* another process/)
      const met = [first, second].flatMap((each) => each.eventsOf('PartitionRecovering'))
      assert.ok(met.length + first.eventsOf('FlowFailed').length > 0, 'they did not get into each other’s way')
      context.diagnostic(
        `the first copied ${recordsOf(first)} records, the second ${recordsOf(second)}; ${met.length} times one met the other`,
      )
      await stream.stop()
      await untilSame(topic, second)
      await assertLogsValid(target, second.remote(topic))
      for (const mirror of [first, second]) assert.deepEqual(mirror.eventsOf('DuplicatesPossible'), [])
      await first.kill()
      await second.stop()
    },
  )
}

function recordsOf({ status }: Mirror): number {
  return status === undefined ? 0 : sumOverFlows(status, 'recordsTotal')
}

/** Waits until the copy is what the source is; if it does not become so, says how it differs. */
async function untilSame(topic: string, twinlog: Mirror): Promise<void> {
  const deadlineMs = performance.now() + 60_000
  for (;;) {
    try {
      await assertSameRecords(source, target, topic, twinlog.remote(topic))
      return
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
      await sleep(500)
    }
  }
}
