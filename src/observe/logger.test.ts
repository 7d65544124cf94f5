import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { errors } from '../base/errors.ts'
import { Secret } from '../config/secret.ts'
import { EventCounters } from './counters.ts'
import { eventMetrics } from './event-metrics.ts'
import type { EventMetricName } from './event-metrics.ts'
import { describeError, errorCode } from './error-text.ts'
import { eventEntries } from './event-catalogue.ts'
import { eventText } from './event-text.ts'
import { createJsonLog } from './json-log.ts'
import type { LogLine } from './log-sink.ts'
import { LogLevel } from './log-level.ts'
import { Logger } from './logger.ts'
import { createTextLog } from './text-log.ts'

describe('logger', () => {
  test('words an event by its entry and leaves out what is too quiet', () => {
    const lines: LogLine[] = []
    const logger = new Logger({ write: (line) => lines.push(line) }, new LogLevel('info'))
    logger.event('FlowStopped', { flow: 'eu->us' })
    logger.event('CallRetried', { flow: 'eu->us' })
    assert.deepEqual(lines, [
      { level: 'info', event: 'FlowStopped', text: 'Flow eu->us has stopped', fields: { flow: 'eu->us' } },
    ])
  })

  test('every entry of the catalogue is named by noun and past participle and begins with a capital letter', () => {
    for (const [name, { text }] of Object.entries(eventEntries)) {
      assert.match(name, /^[A-Z][A-Za-z]+$/)
      assert.match(text, /^[A-Z{]/, name)
      assert(!text.endsWith('.'), `${name} ends with a full stop`)
    }
  })

  test('an error in a field is told with its causes, in one line and without a stack trace', () => {
    const cause = new Error('connect\n  ECONNREFUSED')
    const text = eventText({ level: 'warn', text: 'Failed: {error}' }, { error: new Error('no answer', { cause }) })
    assert.equal(text, 'Failed: no answer: connect ECONNREFUSED')
    assert.equal(
      describeError(errors.STOPPING({ what: 'The flow', reason: 'x' }, { cause })),
      'The flow was stopped: x',
    )
  })

  test('a long list is cut', () => {
    assert.equal(
      eventText({ level: 'warn', text: '{topics}' }, { topics: [1, 2, 3, 4, 5, 6, 7] }),
      '1, 2, 3, 4, 5 and 2 more',
    )
  })

  test('a cause that the message tells already is not told twice, and an error that causes itself comes to an end', () => {
    const inner = new Error('refused')
    assert.equal(describeError(new Error('no answer: refused', { cause: inner })), 'no answer: refused')
    const loop = new Error('round')
    loop.cause = loop
    assert.equal(describeError(loop), 'round')
    assert.equal(describeError(new AggregateError([inner], 'all failed')), 'all failed: refused')
  })

  test('an error is counted by its code', () => {
    assert.equal(errorCode(errors.DEFECT({ what: 'x' })), 'DEFECT')
    assert.equal(errorCode(Object.assign(new Error('x'), { code: 'ECONNRESET' })), 'ECONNRESET')
    assert.equal(errorCode(new TypeError('x')), 'TypeError')
    assert.equal(errorCode('text'), 'string')
  })
})

describe('JSON log', () => {
  function write(fields: LogLine['fields']): Record<string, unknown> {
    let written = ''
    const log = createJsonLog({ write: (text) => (written += text) })
    log.write({ level: 'warn', event: 'FlowFailed', text: 'It failed', fields })
    assert(written.endsWith('\n') && written.indexOf('\n') === written.length - 1)
    return JSON.parse(written) as Record<string, unknown>
  }

  test('writes one object a line with level, ISO time, event, fields and message', () => {
    const { time, ...rest } = write({ flow: 'eu->us', producerId: 7n, error: errors.DEFECT({ what: 'x' }) })
    assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
    const message = 'This is a defect of twinlog: x. Please report it.'
    const error = { code: 'DEFECT', message }
    assert.deepEqual(rest, {
      level: 'warn',
      event: 'FlowFailed',
      flow: 'eu->us',
      producerId: '7',
      error,
      msg: 'It failed',
    })
  })

  test('never writes a secret', () => {
    const fields = { password: 'hunter2', saslJaasConfig: 'hunter2', settings: { key: new Secret('hunter2') } }
    assert(!JSON.stringify(write(fields)).includes('hunter2'))
  })
})

describe('text log', () => {
  test('writes time, level and text, and nothing that drives a terminal', () => {
    const lines: string[] = []
    const log = createTextLog({ writeLine: (line) => lines.push(line), now: () => 0, hasColours: false })
    log.write({ level: 'warn', event: 'x', text: 'topic \u001b[2Jevil\rname', fields: {} })
    assert.deepEqual(lines, ['00:00:00.000 WARN  topic ?[2Jevil?name'])
  })
})

describe('event counters', () => {
  test('count by event and flow', () => {
    const counters = new EventCounters()
    counters.event('GapFound', { flow: 'b' })
    counters.event('GapFound', { flow: 'a' })
    counters.event('GapFound', { flow: 'a' })
    assert.equal(counters.count('GapFound'), 3)
    assert.equal(counters.count('GapFound', 'a'), 2)
    assert.equal(counters.count('FlowStopped'), 0)
    assert.deepEqual(counters.entries(), [
      { event: 'GapFound', flow: 'a', count: 2 },
      { event: 'GapFound', flow: 'b', count: 1 },
    ])
  })

  test('an entry says its counter, which is there for each flow from the start', () => {
    const counters = new EventCounters(['a', 'b'])
    counters.event('GapFound', { flow: 'b' })
    const { twinlog_gaps_total: gaps, twinlog_events_total: all } = counters.readers()
    assert.deepEqual(gaps(), [
      { labels: { flow: 'a' }, value: 0 },
      { labels: { flow: 'b' }, value: 1 },
    ])
    assert.deepEqual(all(), [{ labels: { flow: 'b', event: 'GapFound', level: 'warn' }, value: 1 }])
  })

  test('an error is a label by its code, and labels are bounded', () => {
    const counters = new EventCounters()
    const error = errors.STOPPING({ what: 'x', reason: 'y' })
    counters.event('CallRetried', { flow: 'a', cluster: 'eu', api: 'Metadata', error })
    const read = counters.readers().twinlog_call_retries_total
    assert.deepEqual(read(), [{ labels: { flow: 'a', cluster: 'eu', api: 'Metadata', error: 'STOPPING' }, value: 1 }])
    for (let index = 0; index < 5_000; index++)
      counters.event('CallRetried', { flow: 'a', cluster: 'eu', api: `api ${index}`, error })
    assert.equal(read().length, 1_001)
    assert.equal(
      read().reduce((sum, { value }) => sum + value, 0),
      5_001,
    )
  })

  test('every counter of the catalogue is the counter of an event', () => {
    const used = new Set(Object.values(eventEntries).map((entry) => ('counter' in entry ? entry.counter : undefined)))
    const unused = Object.keys(eventMetrics).filter(
      (name) => name !== 'twinlog_events_total' && !used.has(name as EventMetricName),
    )
    assert.deepEqual(unused, [])
  })
})
