import { test } from 'node:test'
import { createTopics, listOffsets } from '../../dev/kafka/admin.ts'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { generateRecords } from '../../dev/kafka/records.ts'
import { assertExactlyOnceInOrder } from '../support/judge.ts'
import { SINGLE_REPLICA, startMirrorMaker } from '../support/mirror-maker.ts'
import { mirrorProperties, startMirror } from '../support/mirror.ts'
import { until } from '../support/until.ts'

async function untilEnds(target: KafkaCluster, count: number): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const offsets = await listOffsets(target, 'eu.orders').catch(() => ({}))
    return Object.values(offsets).filter(({ latest }) => latest >= count).length === 2
  }
  await until(`${count} records in each partition of the copy`, isThere)
}

test(
  'from twinlog to MirrorMaker 2 and back, each stopped in order, nothing is lost and nothing copied twice',
  { timeout: 400_000 },
  async () => {
    await using resources = new AsyncDisposableStack()
    const [source, target] = await Promise.all([startCluster(), startCluster()])
    resources.use(source)
    resources.use(target)
    const options = { source, target, alias: 'eu', topics: 'orders', properties: SINGLE_REPLICA }
    await createTopics(source, { name: 'orders', partitions: 2 })
    const write = (firstSequence: number) =>
      generateRecords(source.adminProperties, { topic: 'orders', partitions: 2, count: 100, firstSequence })

    await write(0)
    const before = await startMirror(options)
    await untilEnds(target, 50)
    await before.stop()

    await write(50)
    const mirrorMaker = await startMirrorMaker(source.installation, mirrorProperties(options))
    await untilEnds(target, 100)
    await mirrorMaker.stop()

    await write(100)
    const after = await startMirror(options)
    await untilEnds(target, 150)
    await after.stop()
    await assertExactlyOnceInOrder(source, target, 'orders', 'eu.orders')
  },
)
