import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTopics, deleteRecords, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import { produceRecords } from '../../dev/kafka/records.ts'
import type { ProduceStep } from '../../dev/kafka/records.ts'
import { longTest } from '../support/long-test.ts'
import { startMirrorMaker } from '../support/mirror-maker.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'
import { runVerify } from '../support/verification.ts'

const internalTopics = [
  'config.storage',
  'status.storage',
  'checkpoints.topic',
  'heartbeats.topic',
  'offset-syncs.topic',
]
const properties = Object.fromEntries(internalTopics.map((topic) => [`${topic}.replication.factor`, '1']))
const WAIT_MS = 120_000

function records(from: number, count: number): ProduceStep[] {
  const startMs = Date.now() - 3_600_000
  return Array.from({ length: count }, (_, index) => {
    const name = String(from + index)
    return {
      topic: 'orders',
      partition: 0,
      key: name,
      value: `value ${name}`,
      headers: [['n', name]],
      timestamp: startMs + from + index,
    }
  })
}

longTest(
  'a copy made by MirrorMaker 2, and then gone on with by twinlog, is equal, also where retention took the beginning',
  { timeout: 400_000 },
  async () => {
    await using resources = new AsyncDisposableStack()
    const [source, target] = await Promise.all([startCluster(), startCluster()])
    resources.use(source)
    resources.use(target)
    const options = { source, target, alias: 'eu', topics: 'orders', properties }
    await createTopics(source, { name: 'orders' })
    const produce = (steps: readonly ProduceStep[]) =>
      produceRecords({ ...source.adminProperties, 'compression.type': 'lz4' }, steps)
    await produce(records(0, 200))
    const mirrorMaker = await startMirrorMaker(source.installation, mirrorProperties(options))
    resources.use(mirrorMaker)
    const deadlineMs = performance.now() + WAIT_MS
    for (;;) {
      const offsets = await listOffsets(target, 'eu.orders').catch(() => undefined)
      if (offsets?.[0]?.latest === 200) break
      assert.ok(performance.now() < deadlineMs, mirrorMaker.log())
      await sleep(500)
    }
    await mirrorMaker.stop()
    const first = await runVerify(options, '--topics', 'orders')
    assert.deepEqual([first.exitCode, first.verdicts[0]?.sameCount], [0, 200], first.output)
    await produce(records(200, 100))
    await using twinlog = await startMirror(options)
    await twinlog.waitUntilCopied('orders')
    await twinlog.stop()
    const both = await runVerify(options, '--topics', 'orders')
    assert.deepEqual([both.exitCode, both.verdicts[0]?.sameCount], [0, 300], both.output)
    // Where MirrorMaker 2 copied there is no ledger: the records tell where both sides belong together.
    await deleteRecords(source, 'orders', { 0: 50 })
    await deleteRecords(target, 'eu.orders', { 0: 80 })
    const trimmed = await runVerify(options, '--topics', 'orders')
    assert.deepEqual([trimmed.exitCode, trimmed.verdicts[0]?.sameCount], [0, 220], trimmed.output)
  },
)
