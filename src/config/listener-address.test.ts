import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatListener, listeners } from './listener-address.ts'

test('addresses of listeners', () => {
  const parse = (text: string) => {
    const parsed = listeners().parse(text)
    return 'value' in parsed ? parsed.value.map(formatListener) : parsed.problem
  }
  assert.deepEqual(parse('http://127.0.0.1:8383'), ['http://127.0.0.1:8383'])
  assert.deepEqual(parse(' http://db-7:1 , http://[::1]:0/ '), ['http://db-7:1', 'http://[::1]:0'])
  assert.deepEqual(parse('http://:80'), ['http://0.0.0.0:80'])
  assert.deepEqual(parse(''), [])
  for (const wrong of ['8383', 'https://a:1', 'http://a', 'http://a:99999', 'http://a:1,', 'http://a:1/x'])
    assert.match(String(parse(wrong)), /must be a list of http:\/\/host:port/, wrong)
})
