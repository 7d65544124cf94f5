import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokerVersionOf } from './broker-version.ts'

const api = (apiKey: number, maxVersion: number) => ({ apiKey, name: '', minVersion: 0, maxVersion })

test('a broker of KRaft is known by the metadata.version that it could go to, an older one by its APIs', () => {
  const feature = (maxVersion: number) => ({
    apiKeys: [],
    supportedFeatures: [{ name: 'metadata.version', minVersion: 1, maxVersion }],
  })
  const byFeature = { isAtLeast: false, source: 'feature metadata.version' }
  assert.deepEqual(brokerVersionOf(feature(30)), { release: '4.3', ...byFeature })
  assert.deepEqual(brokerVersionOf(feature(21)), { release: '3.9', ...byFeature })
  assert.deepEqual(brokerVersionOf(feature(19)), { release: '3.7', ...byFeature })
  assert.deepEqual(brokerVersionOf(feature(40)), { release: '4.3', ...byFeature, isAtLeast: true })
  const ofApis = (...apiKeys: ReturnType<typeof api>[]) => brokerVersionOf({ apiKeys, supportedFeatures: [] })
  // As Kafka 2.8.2 and 3.9.1 answer with ZooKeeper.
  assert.deepEqual(ofApis(api(1, 12), api(11, 7), api(50, 0), api(60, 0)), {
    release: '2.8',
    isAtLeast: true,
    source: 'APIs',
  })
  assert.equal(ofApis(api(1, 17), api(11, 9), api(60, 1), api(65, 0), api(75, 0)).release, '3.8')
  assert.equal(ofApis().release, '2.4')
})
