import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { forecastCopy } from '../check/flow-forecast.ts'
import type { FlowForecast } from '../check/flow-forecast.ts'
import { parseArguments } from './arguments.ts'
import { demandLines, flowForecastLines } from './plan-text.ts'

const partition = (start: number, from: number, end: number, sizeBytes: number | null) => ({
  topic: 't',
  partition: 0,
  start,
  from,
  end,
  sizeBytes,
})

function forecast(
  changes: Partial<FlowForecast['topics']> = {},
  copy = forecastCopy({ partitions: [] }, null, null),
): FlowForecast {
  const topics = {
    create: [],
    grow: [],
    alter: [],
    refuse: [],
    createInternal: [],
    createAtSource: [],
    internal: [],
    problems: [],
    ...changes,
  }
  const demand = {
    bufferBytesMax: 85_983_232,
    partitionBytes: 26_624,
    sourceConnections: { usual: 3, most: 6 },
    targetConnections: { usual: 6, most: 14 },
  }
  return { flow: 'eu->us', topics, copy: { topicsCount: 1, ...copy }, demand, problems: ['something is not known'] }
}

const planned = (topic: string, refusal: string | null = null) => ({
  topic,
  partitionsCount: 3,
  replicationFactor: -1,
  configs: { 'retention.ms': '1' },
  refusal,
})

describe('plan, for people', () => {
  test('what is created, grown, altered and refused, what is copied and how long it takes, at 80 columns', () => {
    const copy = forecastCopy({ partitions: [partition(0, 250, 1_000, 4_000_000)] }, 1_500_000, null)
    const changes = {
      create: [planned('eu.orders'), planned('eu.large', 'Replication factor: 3 larger than available brokers: 1.')],
      grow: [{ topic: 'x', targetTopic: 'eu.x', partitionsCountBefore: 1, partitionsCount: 2 }],
      alter: [{ topic: 'eu.y', configs: [{ name: 'retention.ms', value: '5', before: null }] }],
      refuse: [{ topic: 'a', targetTopic: 'b', otherTopic: 'c' }],
      createInternal: [planned('mm2-offsets.eu.internal')],
      createAtSource: [planned('mm2-offset-syncs.us.internal')],
      internal: ['heartbeats'],
    }
    const all = [...flowForecastLines(forecast(changes, copy)), ...demandLines([forecast(changes, copy)])]
    const flat = all.join(' ').replaceAll(/\s+/g, ' ')
    assert.match(flat, /create eu\.orders \(3 partitions, the brokers' number of replicas, retention\.ms=1\)/)
    assert.match(flat, /PROBLEM eu\.large would not be created: Replication factor/)
    assert.match(flat, /grow eu\.x from 1 to 2 partitions/)
    assert.match(flat, /alter eu\.y: retention\.ms not set -> 5/)
    assert.match(flat, /refuse a: c is copied to b already/)
    assert.match(
      flat,
      /create mm2-offsets\.eu\.internal .*, internal create mm2-offset-syncs\.us\.internal .*, internal, on the source keep internal topics that are there: heartbeats/,
    )
    assert.match(flat, /copy 750 offsets, about 3\.00 MB \(of 1,000 and 4\.00 MB that the source holds/)
    assert.match(flat, /time 2\.0 s at 1\.50 MB\/s \(as given\)/)
    assert.match(flat, /NOTE something is not known/)
    assert.match(flat, /sockets eu->us: 3 to the source \(at most 6\), 6 to the target \(at most 14\)/)
    assert.ok(
      all.every((line) => line.length <= 80),
      all.join('\n'),
    )
  })

  test('what is not known is said, and what the probe says of sizes stands in for the disks', () => {
    const partitions = [partition(0, 0, 100, null), partition(5, 5, 5, null)]
    assert.equal(forecastCopy({ partitions }, null, null).seconds, null)
    const probe = { bytes: 5_000, offsets: 50, seconds: 0.5 }
    const { bytesLeft, bytesFrom, seconds, rateFrom } = forecastCopy({ partitions }, null, probe)
    assert.deepEqual([bytesLeft, bytesFrom, seconds, rateFrom], [10_000, 'probe', 1, 'probe'])
    assert.match(
      flowForecastLines(forecast({}, forecastCopy({ partitions }, null, null))).join(' '),
      /not known: nothing was measured/,
    )
    assert.match(flowForecastLines(forecast()).join(' '), /nothing is created or changed.*nothing is left to copy/)
    // A log without offsets left costs nothing, whether its size is known or not.
    const { bytesLeft: left, seconds: time } = forecastCopy({ partitions: [partition(0, 100, 100, null)] }, null, null)
    assert.deepEqual([left, time], [0, 0])
  })

  test('a rate has a unit, and what is none is refused', () => {
    const rateOf = (text: string) => {
      const parsed = parseArguments(['plan', 'f', '--rate', text], '1')
      return parsed.kind === 'plan' ? parsed.rate : parsed.kind
    }
    assert.deepEqual(['40MB', '500k', '1.5GB/s', '7', '40 MB'].map(rateOf), [40e6, 500e3, 1.5e9, 7, 40e6])
    assert.deepEqual(['fast', '0', '-1', '1TB', ''].map(rateOf), Array(5).fill('invalid'))
    const plan = parseArguments(['plan', 'f', '--probe-seconds', '0', '--json'], '1')
    assert.deepEqual(plan, { kind: 'plan', file: 'f', clusters: [], rate: null, probeSeconds: 0, isJson: true })
    assert.equal(parseArguments(['plan', 'f', '--probe-seconds', ''], '1').kind, 'invalid')
    assert.equal(parseArguments(['explain', 'f', 'topics', 'x'], '1').kind, 'invalid')
    assert.equal(parseArguments(['explain', 'f', 'topic', 'x'], '1').kind, 'explain')
  })
})
