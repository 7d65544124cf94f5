import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { watchMemory } from './memory-watch.ts'
import type { Glutton } from './memory-watch.ts'

const MIB = 1024 * 1024

/** A shell that starts a Node process: not our child but its. That one ends when its input does, which is our end of a pipe. */
function start(mib: number): ReturnType<typeof spawn> {
  const script = `const held = Buffer.alloc(${mib * MIB}, 1); process.stdin.resume().on("end", () => process.exit(held.length & 0))`
  return spawn('/bin/sh', ['-c', `"$0" -e '${script}'; exit 3`, process.execPath], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
}

test('a descendant that takes too much memory is named and ended, one that does not is left alone', async () => {
  const found: Glutton[] = []
  using _watch = watchMemory({ limitBytes: 300 * MIB, intervalMs: 50, onFound: (glutton) => found.push(glutton) })
  const modest = start(10)
  const glutton = start(400)
  try {
    await once(glutton, 'exit')
    assert.equal(found.length, 1)
    assert.match(found[0]?.command ?? '', /Buffer\.alloc/)
    assert.ok((found[0]?.rssBytes ?? 0) > 300 * MIB)
    assert.equal(modest.exitCode, null)
  } finally {
    modest.stdin?.end()
  }
  await once(modest, 'exit')
})
