import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { systemClock } from '../base/clock.ts'
import type { FlowReading } from '../control/flow-reading.ts'
import type { GroupReport } from '../control/group-report.ts'
import { reportFlow } from '../control/status-report.ts'
import type { StatusReport } from '../control/status-report.ts'
import type { OffsetQuery } from '../control/offset-query.ts'
import type { TranslatedOffset } from '../control/translated-offset.ts'
import type { EventFields } from '../observe/event.ts'
import { LogLevel } from '../observe/log-level.ts'
import { readersOf } from '../../test/support/metric-sources.ts'
import { groupsReading } from '../../test/support/groups-reading.ts'
import { flowReading, laneStatus, partitionStatus } from '../../test/support/partition-status.ts'
import { parseMetrics } from '../../test/support/prometheus-text.ts'
import { runListener } from './listener.ts'
import { createObservationServer } from './observation-server.ts'

function serverOf(flows: readonly FlowReading[], logLevel = new LogLevel('info')): FastifyInstance {
  const status = (hasGroups: boolean) => ({
    version: '1.2.3',
    host: 'here',
    pid: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    time: '2026-01-01T00:00:00.000Z',
    logLevel: logLevel.current,
    flows: flows.map((flow) => reportFlow(flow, 0, hasGroups)),
  })
  return createObservationServer({ status, offsets: offsetsOf, metrics: () => readersOf(flows), logLevel })
}

const copying = flowReading({ lane: laneStatus({ partitions: [partitionStatus()] }) })
const offsetsOf = (query: OffsetQuery): readonly TranslatedOffset[] =>
  'group' in query && query.group === 'nobody' ? [] : [{ ...translated, reason: JSON.stringify(query) }]
const translated = {
  flow: 'a->b',
  topic: 't',
  partition: 0,
  targetTopic: 'a.t',
  upstreamOffset: 5,
  downstreamOffset: 4,
  accuracy: 'exact',
} as const

const openMetrics = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1'

describe('observation server', () => {
  for (const [accept, format] of [
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    [openMetrics, 'openmetrics'],
    ['text/plain;q=0.9,application/openmetrics-text;q=0.1', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
  ] as const) {
    test(`metrics for Accept: ${accept}`, async () => {
      const headers = accept === undefined ? {} : { accept }
      const answer = await serverOf([copying]).inject({ url: '/metrics', headers })
      assert.equal(answer.statusCode, 200)
      const type =
        format === 'openmetrics' ? /^application\/openmetrics-text; version=1/ : /^text\/plain; version=0\.0\.4/
      assert.match(String(answer.headers['content-type']), type)
      assert.ok(parseMetrics(answer.body, format).size > 20)
    })
  }

  test('half of the metrics, by whose names they have', async () => {
    const namesOf = async (url: string) => {
      const answer = await serverOf([copying]).inject({ url })
      return [...parseMetrics(answer.body, 'prometheus').keys()]
    }
    const own = await namesOf('/metrics?names=twinlog')
    assert.ok(own.length > 0 && own.every((name) => !name.startsWith('kafka_')))
    const mirrorMaker = await namesOf('/metrics?names=mirrormaker')
    assert.ok(mirrorMaker.length > 0 && mirrorMaker.every((name) => name.startsWith('kafka_')))
    assert.equal((await serverOf([copying]).inject({ url: '/metrics?names=x' })).statusCode, 400)
  })

  test('offsets, by group or by topic, partition and offset, in either direction', async () => {
    const ask = async (query: string) => {
      const answer = await serverOf([]).inject({ url: `/offsets?${query}` })
      return { code: answer.statusCode, asked: answer.json<{ offsets?: { reason: string }[] }>().offsets?.[0]?.reason }
    }
    assert.deepEqual(await ask('group=g'), { code: 200, asked: '{"group":"g"}' })
    assert.deepEqual(await ask('topic=t&partition=0&offset=5'), {
      code: 200,
      asked: '{"topic":"t","partition":0,"offset":5,"from":"source"}',
    })
    assert.equal((await ask('topic=a.t&partition=0&offset=5&from=target')).asked?.includes('"target"'), true)
    assert.equal((await ask('group=nobody')).code, 404)
    for (const query of [
      '',
      'topic=t&partition=0',
      'topic=t&partition=-1&offset=5',
      'topic=t&partition=0&offset=5&from=x',
    ])
      assert.equal((await ask(query)).code, 400, query)
  })

  test('groups with each partition where they are asked for, and without it in the status', async () => {
    const server = serverOf([flowReading({ groups: groupsReading() })])
    const all = (await server.inject({ url: '/groups' })).json<{ flows: { groups: GroupReport[] }[] }>()
    assert.deepEqual(
      all.flows[0]?.groups.map(({ group, state, partitions }) => [group, state, partitions?.length]),
      [
        ['g', 'unmapped', 2],
        ['shared', 'not mirrored', undefined],
      ],
    )
    assert.equal(all.flows[0]?.groups[0]?.reason, 'it is too old')
    const status = (await server.inject({ url: '/status' })).json<StatusReport>()
    assert.deepEqual(status.flows[0]?.groups?.[0]?.counts, { unmapped: 1, synced: 1 })
    assert.equal(status.flows[0]?.groups?.[0]?.partitions, undefined)
    const one = (await server.inject({ url: '/groups?group=x' })).json<{ flows: { groups: unknown[] }[] }>()
    assert.deepEqual(one.flows[0]?.groups, [])
  })

  test('live always; ready when all flows copy or stand by for somebody, else the reasons', async () => {
    const owner = { host: 'b', pid: 2, since: '2026-01-01T00:00:00.000Z', isThisProcess: false }
    const cause = 'process 2 on b copies it'
    const standby = flowReading({ state: { name: 'standby', failures: 0, hasCopied: false, cause }, owner })
    const orphan = flowReading({
      name: 'x->y',
      state: { name: 'standby', failures: 0, hasCopied: false, cause: 'the coordinator does not answer' },
    })
    const retrying = flowReading({
      name: 'us->eu',
      state: { name: 'retrying', failures: 1, hasCopied: true, cause: 'no answer' },
    })
    const halted = partitionStatus({ phase: 'stopped', reason: 'too large' })
    const stopped = flowReading({ lane: laneStatus({ partitions: [halted, partitionStatus({ partition: 1 })] }) })
    const allStopped = flowReading({ lane: laneStatus({ partitions: [halted] }) })
    const unheard = flowReading({ lane: laneStatus({ partitions: [partitionStatus({ isEndKnown: false })] }) })
    const ready = async (...flows: FlowReading[]) => {
      const answer = await serverOf(flows).inject({ url: '/health/ready' })
      return [answer.statusCode, answer.json()]
    }
    assert.deepEqual(await ready(copying, standby), [200, { status: 'ready', reasons: [], warnings: [] }])
    const warnings = ['Flow eu->us: orders partition 0 stopped: too large']
    assert.deepEqual(await ready(stopped), [200, { status: 'ready', reasons: [], warnings }])
    const reasons = ['Flow eu->us: none of its 1 partitions is copied: too large']
    assert.deepEqual(await ready(allStopped), [503, { status: 'not ready', reasons, warnings }])
    const silent = ['Flow eu->us: its source has not told of any partition for a while']
    assert.deepEqual(await ready(unheard), [503, { status: 'not ready', reasons: silent, warnings: [] }])
    assert.deepEqual(await ready(copying, retrying, orphan), [
      503,
      {
        status: 'not ready',
        reasons: ['Flow us->eu is retrying: no answer', 'Flow x->y is standby: the coordinator does not answer'],
        warnings: [],
      },
    ])
    assert.equal((await serverOf([retrying]).inject({ url: '/health/live' })).statusCode, 200)
  })

  test('status has flows and topics', async () => {
    const { flows } = (await serverOf([copying]).inject({ url: '/status' })).json() as {
      flows: { flow: string; topics: { topic: string }[] }[]
    }
    assert.deepEqual(
      flows.map(({ flow, topics }) => [flow, topics.map(({ topic }) => topic)]),
      [['eu->us', ['orders']]],
    )
  })

  test('the log level is set from this machine, by JSON or by a word, and from no other', async () => {
    const logLevel = new LogLevel('info')
    const server = serverOf([copying], logLevel)
    const put = async (payload: string | object, headers = {}, remoteAddress = '127.0.0.1') =>
      (await server.inject({ method: 'PUT', url: '/log/level', payload, headers, remoteAddress })).statusCode
    assert.equal(await put({ level: 'debug' }), 200)
    assert.equal(logLevel.current, 'debug')
    assert.equal(await put('trace', { 'content-type': 'application/x-www-form-urlencoded' }, '::ffff:127.0.0.1'), 200)
    assert.equal(logLevel.current, 'trace')
    assert.equal(await put({ level: 'loud' }), 400)
    assert.equal(await put({ level: 'info' }, {}, '10.0.0.7'), 403)
    assert.equal(await put({ level: 'info' }, {}, '1270.0.0.1'), 403)
    assert.equal(logLevel.current, 'trace')
    assert.deepEqual((await server.inject({ url: '/log/level' })).json(), { level: 'trace' })
  })

  test('nothing else can be done: what is not served says what is', async () => {
    for (const method of ['POST', 'PUT', 'DELETE'] as const) {
      const answer = await serverOf([copying]).inject({ method, url: '/status' })
      assert.equal(answer.statusCode, 404)
      assert.match(answer.body, /\/health\/ready/)
    }
  })
})

describe('listener', () => {
  test('says where it serves, and stops at the signal', async () => {
    const stop = new AbortController()
    const said = Promise.withResolvers<EventFields>()
    const observe = { event: (_: string, fields: EventFields) => said.resolve(fields) }
    const deps = { clock: systemClock, observe, createServer: () => serverOf([copying]) }
    const running = runListener({ host: '127.0.0.1', port: 0 }, deps, { signal: stop.signal })
    const { address } = await said.promise
    assert.equal((await fetch(`${String(address)}/health/live`)).status, 200)
    stop.abort()
    await running
    await assert.rejects(fetch(`${String(address)}/health/live`))
  })

  test('a port that is taken is said once, with what to do, and taken when it is free', async () => {
    const taken = createServer()
    taken.listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const stop = new AbortController()
    const said: [string, EventFields][] = []
    const opened = Promise.withResolvers<void>()
    let sleepsCount = 0
    const clock = {
      ...systemClock,
      sleep: async () => {
        if (++sleepsCount === 3) {
          taken.close()
          await once(taken, 'close')
        }
      },
    }
    const observe = {
      event: (name: string, fields: EventFields) => {
        said.push([name, fields])
        if (name === 'ListenerOpened') opened.resolve()
      },
    }
    const deps = { clock, observe, createServer: () => serverOf([copying]) }
    const running = runListener({ host: '127.0.0.1', port }, deps, { signal: stop.signal })
    await opened.promise
    stop.abort()
    await running
    assert.deepEqual(
      said.map(([name]) => name),
      ['ListenerFailed', 'ListenerOpened'],
    )
    assert.match(String(said[0]?.[1]['remedy']), /another twinlog.*twinlog\.listeners/)
  })
})
