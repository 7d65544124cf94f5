import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryRecordLog } from '../../test/support/memory-record-log.ts'
import { SOURCE_CONNECTOR_NAME } from '../mirror/source-offset-record.ts'
import { SourceOffsetStore } from './source-offset-store.ts'

const owner = { connectorName: SOURCE_CONNECTOR_NAME, sourceAlias: 'us' }
const options = { signal: AbortSignal.timeout(20_000) }
const load = (log: MemoryRecordLog): Promise<SourceOffsetStore> => SourceOffsetStore.load(log, owner, options)
const canonicalKey = '["MirrorSourceConnector",{"cluster":"us","partition":2,"topic":"topic1"}]'
const otherKey = '["MirrorSourceConnector", {"topic": "topic1", "partition": 2, "cluster": "us"}]'

function record(
  partition: number,
  key: string,
  value: string | null,
): { partition: number; key: Buffer; value: Buffer | null } {
  return { partition, key: Buffer.from(key), value: value === null ? null : Buffer.from(value) }
}

test('the last copied offset is found as stored, and copying goes on at the one after', async () => {
  const log = new MemoryRecordLog('mm2-offsets.us.internal', 25)
  await log.append([record(5, canonicalKey, '{"offset":41}'), record(5, canonicalKey, '{"offset":42}')], options)
  const store = await load(log)
  assert.equal(store.find('topic1', 2), 42)
  assert.equal(store.nextOffset('topic1', 2), 43)
  assert.equal(store.find('topic1', 3), null)
  assert.equal(store.nextOffset('topic1', 3), null)
})

test('offset 0 is a position', async () => {
  const log = new MemoryRecordLog('mm2-offsets.us.internal', 25)
  await log.append([record(5, canonicalKey, '{"offset":0}')], options)
  const store = await load(log)
  assert.equal(store.find('topic1', 2), 0)
  assert.equal(store.nextOffset('topic1', 2), 1)
})

test('positions are written to the partition and under the bytes that Java looks up', async () => {
  const log = new MemoryRecordLog('mm2-offsets.us.internal', 25)
  const store = await load(log)
  await store.write([{ topic: 'topic1', partition: 2, lastCopiedOffset: 42 }], options)
  assert.deepEqual(
    log.records.map(({ partition, key, value }) => [partition, String(key), String(value)]),
    [[5, canonicalKey, '{"offset":42}']],
  )
  assert.equal(store.find('topic1', 2), 42)
  assert.equal((await load(log)).find('topic1', 2), 42)
})

test('a tombstone forgets the position', async () => {
  const log = new MemoryRecordLog('mm2-offsets.us.internal', 25)
  await log.append([record(5, canonicalKey, '{"offset":41}'), record(5, canonicalKey, null)], options)
  assert.equal((await load(log)).find('topic1', 2), null)
})

test('the bytes that Java looks up win over the same key spelled otherwise, wherever and whenever that was written', async () => {
  for (const isOtherLast of [true, false]) {
    const log = new MemoryRecordLog('mm2-offsets.us.internal', 25)
    const records = [record(5, canonicalKey, '{"offset":10}'), record(7, otherKey, '{"offset":99}')]
    await log.append(isOtherLast ? records : records.toReversed(), options)
    assert.equal((await load(log)).find('topic1', 2), 10)
  }
})

test('a position spelled otherwise is taken when there is no other, the latest by time', async () => {
  const log = new MemoryRecordLog('mm2-offsets.us.internal', 25)
  await log.append([record(7, otherKey, '{"offset":98}'), record(7, otherKey, '{"offset":99}')], options)
  assert.equal((await load(log)).find('topic1', 2), 99)
})

test('records of other connectors are passed over, and unreadable ones are counted with their place', async () => {
  const log = new MemoryRecordLog('mm2-offsets.us.internal', 25)
  await log.append(
    [
      record(0, '["MirrorHeartbeatConnector",{"sourceClusterAlias":"us","targetClusterAlias":"eu"}]', '{"offset":0}'),
      record(3, 'rubbish', '{"offset":0}'),
      record(5, canonicalKey, '{"offset":42}'),
    ],
    options,
  )
  const store = await load(log)
  assert.equal(store.find('topic1', 2), 42)
  assert.deepEqual(
    store.unreadable.map(({ partition, offset }) => [partition, offset]),
    [[3, 1]],
  )
})

test('a write that fails is said, and the position stays what it was', async () => {
  const log = new MemoryRecordLog('mm2-offsets.us.internal', 25)
  const store = await load(log)
  log.beforeAppend = () => Promise.reject(new Error('NOT_ENOUGH_REPLICAS'))
  await assert.rejects(store.write([{ topic: 'topic1', partition: 2, lastCopiedOffset: 42 }], options), {
    code: 'SOURCE_OFFSETS_WRITE_FAILED',
    message: /1 positions to mm2-offsets\.us\.internal on us: NOT_ENOUGH_REPLICAS/,
  })
  assert.equal(store.find('topic1', 2), null)
})
