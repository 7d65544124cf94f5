import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deleteRecords } from '../../dev/kafka/admin.ts'
import { dumpRecords, produceRecords } from '../../dev/kafka/records.ts'
import type { DumpedRecord } from '../../dev/kafka/records.ts'
import { ChaosSuite } from './chaos-suite.ts'
import { ChaosWorld } from './chaos-world.ts'

const suite = ChaosSuite.register('judge')

test('one record too many, one missing and one in another place are each found, beside thousands that are right', async () => {
  await using world = await ChaosWorld.begin(suite.clusters, 'judged', {}, suite)
  await world.judge()
  const target = world.cluster('target')
  const remote = world.remote(world.load.topics.plain)
  const firstOf = async (partition: number): Promise<DumpedRecord> => {
    const [first] = await dumpRecords({ client: target.adminProperties, topic: remote, partitions: [partition] })
    return first ?? assert.fail(`${remote} partition ${partition} is empty`)
  }
  const append = async ({ partition, key, value }: DumpedRecord): Promise<void> =>
    void (await produceRecords(target.adminProperties, [{ topic: remote, partition, key, value }]))
  const remove = ({ partition, offset }: DumpedRecord): Promise<void> =>
    deleteRecords(target, remote, { [partition]: offset + 1 })

  const judgeAgain = async (): Promise<void> => {
    world.load.begin()
    await world.waitUntilCopying()
    await world.judge()
  }

  await append(await firstOf(0))
  await assert.rejects(judgeAgain(), /"missing":0,"duplicated":1,"reordered":0/)
  await remove(await firstOf(1))
  await assert.rejects(judgeAgain(), /"missing":1,"duplicated":1,"reordered":0/)
  const moved = await firstOf(2)
  await remove(moved)
  await append(moved)
  await assert.rejects(judgeAgain(), /"missing":1,"duplicated":1,"reordered":1/)
})
