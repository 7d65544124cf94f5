import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { allCommands, parseArguments } from './arguments.ts'
import { outlineCommands } from './command-outline.ts'
import { completionScript, shells } from './completion-script.ts'

const commands = allCommands('1.2.3')
const outlines = outlineCommands(commands)

/** What bash offers when Tab is pressed at the end of a line. */
function offered(...words: string[]): string[] {
  const script = `${completionScript('bash', commands)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_twinlog; printf '%s\\n' "\${COMPREPLY[@]}"`
  // A bash whose input is a socket reads the files of whoever runs the tests, but for these options.
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '--noprofile', '-u', '-c', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  assert.equal(stderr, '')
  assert.equal(status, 0)
  return stdout.split('\n').filter((line) => line !== '')
}

describe('bash completes', () => {
  for (const [words, expected, not] of [
    [['twinlog', ''], ['check', 'plan', 'explain', 'verify', 'status', 'top', 'completion', 'package.json'], []],
    [['twinlog', 'ch'], ['check'], ['plan', '--clusters']],
    [['twinlog', '--'], ['--clusters', '--log-level', '--help', '--version'], ['--sample']],
    [
      ['twinlog', 'verify', '--s'],
      ['--since', '--sample', '--state'],
      ['--json', '--offline'],
    ],
    [
      ['twinlog', 'mm2.properties', '--log-format', ''],
      ['text', 'json'],
      ['check', 'package.json'],
    ],
    [['twinlog', 'acls', ''], ['export'], ['check']],
    [['twinlog', 'acls', 'export', '--topic-names', ''], ['remote', 'source'], ['package.json']],
    [['twinlog', 'offsets', 'translate', '--fr'], ['--from'], ['--json']],
    [['twinlog', 'verify', 'f', '--state', 'pack'], ['package.json'], ['--json']],
    [['twinlog', 'verify', 'f', '--since', ''], [], ['package.json', '--json']],
    [['twinlog', 'completion', ''], ['bash', 'zsh', 'fish'], ['check']],
  ] as const) {
    test(words.join(' '), () => {
      const found = offered(...words)
      for (const word of expected) assert.ok(found.includes(word), `${word} not in ${found.join(' ')}`)
      for (const word of not) assert.ok(!found.includes(word), `${word} in ${found.join(' ')}`)
    })
  }
})

for (const shell of shells) {
  test(`the script for ${shell} knows every command and every option, and is what the command writes`, () => {
    const script = completionScript(shell, commands)
    for (const { name, options } of outlines) {
      for (const word of name.split(' ')) assert.ok(script.includes(word), name)
      for (const { flag } of options)
        assert.ok(script.includes(shell === 'fish' ? `-l ${flag.slice(2)}` : flag), `${name} ${flag}`)
    }
    assert.deepEqual(parseArguments(['completion', shell], '1.2.3'), { kind: 'completion', shell })
  })
}

test('a shell that is not known is refused with those that are', () => {
  const invocation = parseArguments(['completion', 'tcsh'], '1.2.3')
  assert.ok(invocation.kind === 'invalid')
  assert.match(invocation.text, /Allowed choices are bash, zsh, fish/)
})

test('--help of every command says what it is for, every option, examples and exit codes', () => {
  for (const { name, options, explanation, subcommands } of outlines) {
    const help = parseArguments([...name.split(' ').filter((word) => word !== ''), '--help'], '1.2.3')
    assert.ok(help.kind === 'help', `${name}: ${help.kind}`)
    for (const { flag, description } of options) {
      assert.ok(help.text.includes(flag), `${name} ${flag}`)
      assert.notEqual(description, '', `${name} ${flag}`)
    }
    for (const subcommand of subcommands) assert.ok(help.text.includes(subcommand), `${name} ${subcommand}`)
    if (subcommands.length > 0) continue
    assert.match(explanation, /Examples:\n {2}\S/, name)
    assert.match(explanation, /Exit codes: 0 /, name)
    assert.ok(help.text.includes(explanation), name)
  }
})

test('the manual page tells every command, option and value', () => {
  const page = readFileSync(new URL('../../man/twinlog.1', import.meta.url), 'utf8').replaceAll('\\-', '-')
  for (const { name, options, description } of outlines.filter(({ subcommands }) => subcommands.length === 0)) {
    assert.ok(name === '' || page.includes(`.SS "twinlog ${name}"`), name)
    assert.ok(page.includes(description), name)
    for (const { term } of options) assert.ok(page.includes(`.B ${term}\n`), `${name} ${term}`)
  }
})
