import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseArguments } from './arguments.ts'

function parse(...argv: string[]) {
  return parseArguments(argv, '1.2.3')
}

const plain = {
  kind: 'mirror',
  file: 'mm2.properties',
  clusters: [],
  logFormat: undefined,
  logLevel: undefined,
  statusIntervalSeconds: undefined,
  isUntilCaughtUp: false,
}

describe('command line', () => {
  test('a file alone', () => assert.deepEqual(parse('mm2.properties'), plain))

  test('--clusters takes every value up to the next option, before or after the file', () => {
    const expected = { ...plain, clusters: ['us', 'eu'] }
    assert.deepEqual(parse('mm2.properties', '--clusters', 'us', 'eu'), expected)
    const json = { ...expected, logFormat: 'json' }
    assert.deepEqual(parse('--clusters', 'us', 'eu', '--log-format', 'json', 'mm2.properties'), json)
    assert.deepEqual(parse('--clusters', 'us', '--clusters', 'eu', '--', 'mm2.properties'), expected)
  })

  test('--clusters that takes the file as well is explained', () => {
    const { kind, ...rest } = parse('--clusters', 'us', 'mm2.properties')
    assert.equal(kind, 'invalid')
    assert('text' in rest)
    assert.match(rest.text, /Name the file first: twinlog mm2\.properties --clusters/)
  })

  test('the other options', () => {
    const invocation = parse('mm2.properties', '--status-interval', '0.5', '--log-level', 'debug', '--until-caught-up')
    assert.deepEqual(invocation, { ...plain, statusIntervalSeconds: 0.5, logLevel: 'debug', isUntilCaughtUp: true })
  })

  for (const [argv, message] of [
    [[], /missing required argument 'file'/],
    [['a', 'b'], /too many arguments/],
    [['a', '--clusers', 'us'], /unknown option '--clusers'/],
    [['a', '--clusters'], /argument missing/],
    [['a', '--log-format', 'xml'], /Allowed choices are text, json/],
    [['a', '--status-interval', '0'], /number of seconds/],
    [['a', '--status-interval', 'soon'], /number of seconds/],
  ] as const) {
    test(`wrong: ${argv.join(' ') || 'no argument'}`, () => {
      const invocation = parse(...argv)
      assert.equal(invocation.kind, 'invalid')
      assert('text' in invocation)
      assert.match(invocation.text, message)
      assert.doesNotMatch(invocation.text, /\n {4}at /)
    })
  }

  test('offsets translate: places, groups, the side they are on', () => {
    const usual = { kind: 'offsets', file: 'f', places: [], groups: [], from: 'source', flow: undefined, isJson: false }
    assert.deepEqual(parse('offsets', 'translate', 'f', 'eu.t:0:5', 'u:12:9007199254740991', '--from', 'target'), {
      ...usual,
      places: [
        { topic: 'eu.t', partition: 0, offset: 5 },
        { topic: 'u', partition: 12, offset: 9_007_199_254_740_991 },
      ],
      from: 'target',
    })
    assert.deepEqual(parse('offsets', 'translate', 'f', '--group', 'a', 'b', '--flow', 'eu->us', '--json'), {
      ...usual,
      groups: ['a', 'b'],
      flow: 'eu->us',
      isJson: true,
    })
  })

  for (const [argv, message] of [
    [['offsets', 'translate', 'f'], /missing topic:partition:offset, or --group/],
    [['offsets', 'translate', 'f', 't:0'], /It is topic:partition:offset/],
    [['offsets', 'translate', 'f', 't:0:9007199254740993'], /It is topic:partition:offset/],
    [['offsets', 'translate', 'f', 't:0:1', '--from', 'left'], /Allowed choices are source, target/],
    [['offsets', 'translate'], /missing required argument 'file'/],
    [['offsets', 'move'], /unknown command|Usage/],
  ] as const) {
    test(`wrong: ${argv.join(' ')}`, () => {
      const invocation = parse(...argv)
      assert.equal(invocation.kind, 'invalid')
      assert('text' in invocation)
      assert.match(invocation.text, message)
    })
  }

  test('--help and --version', () => {
    const help = parse('--help')
    assert(help.kind === 'help')
    assert.match(help.text, /Usage: twinlog \[options\] <file>/)
    assert.match(help.text, /Exit codes/)
    assert.deepEqual(parse('--version'), { kind: 'version', text: 'twinlog 1.2.3' })
  })
})
