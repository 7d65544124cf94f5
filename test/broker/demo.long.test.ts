import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const demo = fileURLToPath(new URL('../../dev/demo/main.ts', import.meta.url))
const removalMs = 10_000

test('the demo copies both ways, finds both sides equal, and leaves nothing behind', async () => {
  const child = spawn(process.execPath, [demo, '--once'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  await once(child, 'close')
  assert.equal(child.exitCode, 0, output)
  assert.equal(output.match(/ records equal$/gm)?.length, 6, output)
  assert.match(output, /Both sides are equal\./)
  const folder = /all files are in (\S+)/.exec(output.replaceAll(/\s+/g, ' '))?.[1]
  assert.ok(folder !== undefined, output)
  await waitUntilGone(folder)
})

/** A process of its own removes the folder when the demo has ended. */
async function waitUntilGone(folder: string): Promise<void> {
  for (let leftMs = removalMs; existsSync(folder); leftMs -= 100) {
    assert.ok(leftMs > 0, `${folder} is still there`)
    await sleep(100)
  }
}
