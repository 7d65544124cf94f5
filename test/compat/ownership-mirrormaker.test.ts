import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createTopics, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { generateRecords } from '../../dev/kafka/records.ts'
import { assertExactlyOnceInOrder } from '../support/judge.ts'
import { SINGLE_REPLICA, startMirrorMaker } from '../support/mirror-maker.ts'
import { longTest } from '../support/long-test.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'
import { until } from '../support/until.ts'

async function held(target: KafkaCluster): Promise<number> {
  const offsets = await listOffsets(target, 'eu.orders').catch(() => ({}))
  return Object.values(offsets).reduce((sum, { latest }) => sum + latest, 0)
}

longTest(
  'a running MirrorMaker 2 is named and not disturbed; when it stops twinlog goes on by itself, and one that is started later does not get in',
  { timeout: 400_000 },
  async () => {
    await using resources = new AsyncDisposableStack()
    const [source, target] = await Promise.all([startCluster(), startCluster()])
    resources.use(source)
    resources.use(target)
    const options = { source, target, alias: 'eu', topics: 'orders', properties: SINGLE_REPLICA }
    await createTopics(source, { name: 'orders', partitions: 1 })
    const write = (firstSequence: number) =>
      generateRecords(source.adminProperties, { topic: 'orders', partitions: 1, count: 100, firstSequence })

    await write(0)
    const mirrorMaker = resources.use(await startMirrorMaker(source.installation, mirrorProperties(options)))
    await until('MirrorMaker 2 to copy', async () => (await held(target)) === 100)

    const twinlog = resources.use(await startMirror(options))
    const { msg } = await twinlog.waitForEvent('OwnershipRefused')
    assert.match(msg, /Group eu-mm2 on cluster us belongs to a running MirrorMaker 2 .*client eu->us at 127\.0\.0\.1/)
    await write(100)
    await until('MirrorMaker 2 to copy on', async () => (await held(target)) === 200)
    assert.deepEqual(twinlog.eventsOf('FlowStarted'), [])

    await mirrorMaker.stop()
    await write(200)
    await twinlog.waitForEvent('FlowStarted')
    await twinlog.waitUntilCopied('orders')

    const late = resources.use(await startMirrorMaker(source.installation, mirrorProperties(options)))
    await until('MirrorMaker 2 to end', () => late.hasEnded)
    const said = await readFile(late.logFile, 'utf8')
    assert.match(said, /groupId=eu-mm2\] Uncaught exception in herder work thread, exiting/)
    assert.match(said, /InconsistentGroupProtocolException: The group member's supported protocols are incompatible/)
    await write(300)
    await twinlog.waitUntilCopied('orders')
    await twinlog.stop()
    await assertExactlyOnceInOrder(source, target, 'orders', 'eu.orders')
  },
)
