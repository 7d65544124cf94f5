import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJaasConfig } from './jaas.ts'

function optionsOf(text: string): unknown {
  const entry = parseJaasConfig(text)
  return 'problem' in entry ? entry.problem : Object.fromEntries(entry.options)
}

test('options are words or quoted, with escapes and comments', () => {
  assert.deepEqual(
    optionsOf('a.b.PlainLoginModule required username="al ice" password=\'p"w;=\\t\\101\' x=y; // end'),
    { username: 'al ice', password: 'p"w;=\tA', x: 'y' },
  )
  assert.deepEqual(optionsOf('M required /* why */\n  username=alice\n  password="";'), {
    username: 'alice',
    password: '',
  })
})

test('what is wrong is said without the secret', () => {
  const wrong = [
    'M required password="hunter2"',
    'M password="hunter2";',
    'M required password=12hunter2;',
    'M required password="hunter2;',
    'M required a=b; N required c=d;',
    '',
  ]
  for (const text of wrong) {
    const problem = optionsOf(text)
    assert.equal(typeof problem, 'string', text)
    assert.ok(!String(problem).includes('hunter2'), text)
  }
})
