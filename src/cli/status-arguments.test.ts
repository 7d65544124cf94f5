import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { TwinlogError } from '../base/catalogue.ts'
import { parseArguments } from './arguments.ts'
import { fetchStatus } from './remote-status.ts'

function parse(...argv: string[]) {
  return parseArguments(argv, '1.2.3')
}

describe('twinlog status and top', () => {
  test('addresses as people write them, and the default', () => {
    const usual = { kind: 'status', address: 'http://127.0.0.1:8383', isJson: false, intervalSeconds: 1 }
    assert.deepEqual(parse('status'), usual)
    assert.deepEqual(parse('status', '--json'), { ...usual, isJson: true })
    assert.deepEqual(parse('status', '--watch', '--interval', '5'), { ...usual, kind: 'top', intervalSeconds: 5 })
    assert.deepEqual(parse('top', 'db-7:1234'), { ...usual, kind: 'top', address: 'http://db-7:1234' })
    assert.deepEqual(parse('top', '1234'), { ...usual, kind: 'top', address: 'http://127.0.0.1:1234' })
    assert.deepEqual(parse('top', 'http://[::1]:1234/'), { ...usual, kind: 'top', address: 'http://[::1]:1234' })
  })

  for (const argv of [
    ['status', 'db-7'],
    ['status', 'https://a:1'],
    ['top', '--json'],
    ['status', '--interval', '0'],
    ['top', 'a:1', 'b:2'],
  ]) {
    test(`wrong: ${argv.join(' ')}`, () => assert.equal(parse(...argv).kind, 'invalid'))
  }

  test('each has its own help', () => {
    const help = parse('top', '--help')
    assert.ok(help.kind === 'help')
    assert.match(help.text, /Usage: twinlog top \[options\] \[address\][^]*Keys: s sort/)
  })
})

test('who is not there, and who is not twinlog', async () => {
  const signal = AbortSignal.timeout(10_000)
  const codeOf = (address: string) =>
    fetchStatus(address, { signal }).then(
      () => 'answered',
      (error: unknown) => (error instanceof TwinlogError ? `${error.code}: ${error.message}` : String(error)),
    )
  assert.match(await codeOf('http://127.0.0.1:2'), /^STATUS_UNREACHABLE: .*ECONNREFUSED/)
  for (const [status, body] of [
    [200, 'hello'],
    [200, '{"flows":1'],
    [404, '{"flows":[],"version":"1"}'],
    [200, '[]'],
  ] as const) {
    const server = createServer((_, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    assert.match(await codeOf(`http://127.0.0.1:${port}`), /^STATUS_UNREACHABLE: .*somebody else does \(status/)
    server.close()
  }
})
