import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseArguments } from './arguments.ts'
import { sinceMsOf } from './verify-arguments.ts'

function parse(...argv: string[]) {
  return parseArguments(argv, '1.2.3')
}

const plain = {
  kind: 'verify',
  file: 'mm2.properties',
  clusters: [],
  topics: [],
  since: undefined,
  sampleShare: 1,
  isCompacted: false,
  isFollowing: false,
  isJson: false,
  stateFile: undefined,
}

describe('twinlog verify, command line', () => {
  test('a file alone, and all options', () => {
    assert.deepEqual(parse('verify', 'mm2.properties'), plain)
    const options = [
      '--topics',
      'a, b.*',
      '--since',
      '24h',
      '--sample',
      '5%',
      '--json',
      '--state',
      'f',
      '--clusters',
      'us',
    ]
    const expected = {
      topics: ['a', 'b.*'],
      since: '24h',
      sampleShare: 0.05,
      isJson: true,
      stateFile: 'f',
      clusters: ['us'],
    }
    assert.deepEqual(parse('verify', 'mm2.properties', ...options), { ...plain, ...expected })
    assert.deepEqual(parse('verify', 'mm2.properties', '--follow'), { ...plain, isFollowing: true })
  })

  test('a file that is called verify', () => assert.equal(parse('./verify').kind, 'mirror'))

  for (const [argv, message] of [
    [[], /missing required argument 'file'/],
    [['a', '--sample', '0'], /share above 0/],
    [['a', '--sample', '101%'], /share above 0/],
    [['a', '--sample', ''], /share above 0/],
    [['a', '--since', 'yesterday'], /how long ago/],
    [['a', '--topics', 'a,,b'], /separated by commas/],
    [['a', '--topics', '('], /regular expression/],
    [['a', '--compacted', '--since', '1h'], /--compacted and --since do not go together/],
    [['a', '--compacted', '--sample', '0.1'], /--compacted and --sample do not go together/],
    [['a', '--compacted', '--follow'], /--compacted and --follow do not go together/],
    [['a', '--follow', '--sample', '0.1'], /--follow and --sample do not go together/],
    [['a', '--verbose'], /unknown option '--verbose'/],
  ] as const) {
    test(`wrong: ${argv.join(' ') || 'no argument'}`, () => {
      const invocation = parse('verify', ...argv)
      assert.equal(invocation.kind, 'invalid')
      assert.ok('text' in invocation)
      assert.match(invocation.text, message)
      assert.match(invocation.text, /twinlog verify --help/)
    })
  }

  test('--help teaches, within 80 columns but for nothing', () => {
    for (const name of ['verify', 'check']) {
      const help = parse(name, '--help')
      assert.ok(help.kind === 'help')
      assert.match(help.text, new RegExp(`Usage: twinlog ${name} \\[options\\] <file>`))
      assert.match(help.text, /Exit codes: 0/)
      for (const line of help.text.split('\n')) assert.ok(line.length <= 86, line)
    }
  })

  test('a time, or how long ago', () => {
    assert.equal(sinceMsOf('2026-11-24T10:00:00Z', 0), Date.UTC(2026, 10, 24, 10))
    assert.equal(sinceMsOf('90s', 1_000_000), 910_000)
    assert.equal(sinceMsOf('1.5h', 10_000_000), 4_600_000)
    assert.equal(sinceMsOf('7d', 700_000_000), 95_200_000)
  })
})

describe('twinlog check, command line', () => {
  test('a file alone, and all options', () => {
    const check = { kind: 'check', file: 'f', clusters: [], topics: [], isOffline: false, isJson: false }
    assert.deepEqual(parse('check', 'f'), check)
    assert.deepEqual(parse('check', 'f', '--offline', '--json', '--topics', 'a'), {
      ...check,
      isOffline: true,
      isJson: true,
      topics: ['a'],
    })
  })

  test('what is not built is refused', () => {
    const invocation = parse('check', 'f', '--permissions')
    assert.ok(invocation.kind === 'invalid')
    assert.match(invocation.text, /unknown option '--permissions'/)
  })
})
