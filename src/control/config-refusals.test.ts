import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { alterWhatIsTaken, findRefusedConfigs } from './config-refusals.ts'
import type { NewTopic, TopicError } from './topic-ports.ts'

type Settings = Record<string, string | null>

const { signal } = new AbortController()
const invalid: TopicError = { error: 'INVALID_CONFIG', cause: 'no' }

/** A cluster that takes all or nothing of a topic's configs, as it judges them. */
function cluster(refuses: (topic: string, settings: Settings, has: Settings) => TopicError | null) {
  const has: Record<string, Settings> = {}
  const requests: string[] = []
  return {
    has,
    requests,
    alterConfigs: (all: ReadonlyMap<string, readonly { name: string; value: string | null }[]>) => {
      const failed = new Map<string, TopicError>()
      requests.push([...all].map(([topic, list]) => `${topic}:${list.map(({ name }) => name).join('+')}`).join(' '))
      for (const [topic, list] of all) {
        const settings = Object.fromEntries(list.map(({ name, value }) => [name, value]))
        const failure = refuses(topic, settings, has[topic] ?? {})
        if (failure === null) has[topic] = { ...has[topic], ...settings }
        else failed.set(topic, failure)
      }
      return Promise.resolve(failed)
    },
  }
}

function settingsOf(all: Record<string, Settings>) {
  return new Map(
    Object.entries(all).map(([topic, settings]) => [
      topic,
      Object.entries(settings).map(([name, value]) => ({ name, value })),
    ]),
  )
}

function names(refused: ReadonlyMap<string, ReadonlyMap<string, TopicError>>) {
  return Object.fromEntries([...refused].map(([topic, ofTopic]) => [topic, [...ofTopic.keys()]]))
}

describe('altering configs', () => {
  test('takes one request where nothing is refused', async () => {
    const target = cluster(() => null)
    const refused = await alterWhatIsTaken(target, settingsOf({ a: { x: '1', y: null }, b: { x: '2' } }), { signal })
    assert.equal(refused.size, 0)
    assert.deepEqual(target.requests, ['a:x+y b:x'])
  })

  test('leaves out what is refused, and asks for one config of each topic at a time to find it', async () => {
    const target = cluster((_, settings) => ('remote' in settings ? invalid : null))
    const all = { a: { x: '1', remote: 'true', y: '2' }, b: { remote: 'true', z: '3' }, c: { z: '4' } }
    const refused = await alterWhatIsTaken(target, settingsOf(all), { signal })
    assert.deepEqual(names(refused), { a: ['remote'], b: ['remote'] })
    assert.deepEqual(target.has, { a: { x: '1', y: '2' }, b: { z: '3' }, c: { z: '4' } })
    assert.deepEqual(target.requests.slice(0, 4), [
      'a:x+remote+y b:remote+z c:z',
      'a:x b:remote',
      'a:remote b:z',
      'a:y',
    ])
  })

  test('tries again what is taken only after another', async () => {
    const target = cluster((_, settings, has) =>
      'bad' in settings || Number(settings['low'] ?? 0) > Number(settings['high'] ?? has['high'] ?? 5) ? invalid : null,
    )
    const refused = await alterWhatIsTaken(target, settingsOf({ a: { low: '8', bad: '1', high: '9' } }), { signal })
    assert.deepEqual(names(refused), { a: ['bad'] })
    assert.deepEqual(target.has, { a: { high: '9', low: '8' } })
  })

  test('does not look for a culprit where the whole topic is refused', async () => {
    const target = cluster(() => ({ error: 'TOPIC_AUTHORIZATION_FAILED', cause: 'no' }))
    const refused = await alterWhatIsTaken(target, settingsOf({ a: { x: '1', y: '2' } }), { signal })
    assert.deepEqual(names(refused), { a: ['x', 'y'] })
    assert.equal(target.requests.length, 1)
  })
})

describe('creating topics', () => {
  const topics: NewTopic[] = ['a', 'b', 'c'].map((topic) => ({
    topic,
    partitionsCount: 1,
    replicationFactor: 1,
    configs: new Map([
      ['retention.ms', topic === 'b' ? '-1' : '1'],
      ['vendor.key', 'x'],
    ]),
  }))
  const tryCreate = (tries: readonly NewTopic[]) =>
    Promise.resolve(
      new Map(
        tries.flatMap(({ topic, configs }) =>
          configs.has('vendor.key') || configs.get('retention.ms') === '-1' ? [[topic, invalid] as const] : [],
        ),
      ),
    )

  test('the configs that are refused are found, but for topics that did not fail because of them', async () => {
    const failed = new Map([
      ['a', invalid],
      ['c', { error: 'INVALID_REPLICATION_FACTOR', cause: 'no' }],
    ])
    assert.deepEqual(names(await findRefusedConfigs({ tryCreate }, topics, failed, { signal })), { a: ['vendor.key'] })
  })

  test('a topic is not created without a config that decides what is kept', async () => {
    const failed = new Map([['b', invalid]])
    assert.equal((await findRefusedConfigs({ tryCreate }, topics, failed, { signal })).size, 0)
  })
})
