import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import type { ProcessIdentity } from '../mirror/process-identity.ts'
import { LocalProcess } from './local-process.ts'

const self = new LocalProcess({ version: '0', nowMs: 1 })
const isLinux = process.platform === 'linux'

/** What another twinlog says of itself, run in a process of its own. */
async function startOther(
  prefix: readonly string[] = [],
): Promise<{ identity: ProcessIdentity; end: () => Promise<void> }> {
  const url = new URL('./local-process.ts', import.meta.url).href
  const script = `import(${JSON.stringify(url)}).then(({ LocalProcess }) => {
    console.log(JSON.stringify(new LocalProcess({ version: '0', nowMs: 1 }).identity)); setInterval(() => {}, 1000) })`
  const [command, ...args] = [...prefix, process.execPath, '-e', script]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const end = async (): Promise<void> => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  return { identity: JSON.parse(line.toString()) as ProcessIdentity, end }
}

test('a neighbour lives until it is killed, and is then known to be gone', { skip: !isLinux }, async () => {
  const other = await startOther()
  try {
    assert.equal(other.identity.place, self.identity.place)
    assert.equal(self.isGone(other.identity), false)
  } finally {
    await other.end()
  }
  assert.equal(self.isGone(other.identity), true)
})

test('a pid that another process has now does not keep its former owner alive', { skip: !isLinux }, () => {
  assert.equal(self.isGone(self.identity), false)
  assert.equal(self.isGone({ ...self.identity, startTicks: (self.identity.startTicks ?? 0) - 1 }), true)
})

test('nobody is said to be gone of whom it cannot be known: another machine, boot or container, or a system that does not tell', () => {
  const gone = { ...self.identity, pid: 2 ** 22 + 1, startTicks: 1 }
  assert.equal(self.isGone(gone), isLinux)
  assert.equal(self.isGone({ ...gone, place: '000000000000' }), false)
  assert.equal(self.isGone({ ...gone, place: null }), false)
  assert.equal(self.isGone({ ...gone, startTicks: null }), false)
})

const inContainer = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
const mayUnshare = isLinux && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0

test('a process of a container is of another place, and never said to be gone', { skip: !mayUnshare }, async () => {
  const other = await startOther(inContainer)
  try {
    assert.equal(other.identity.pid, 1)
    assert.notEqual(other.identity.place, self.identity.place)
  } finally {
    await other.end()
  }
  assert.equal(self.isGone(other.identity), false)
})
