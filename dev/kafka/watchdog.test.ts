import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, it } from 'node:test'

const OWNER = `
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { watchdog } from '${new URL('./watchdog.ts', import.meta.url).href}'
const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
child.unref()
watchdog().guard(child.pid)
writeFileSync(watchdog().folder + '/file', 'x')
console.log(JSON.stringify({ pid: child.pid, folder: watchdog().folder }))
const wait = setTimeout(() => undefined, 60_000)
process.stdin.once('data', (how) => {
  if (String(how) === 'throw') throw new Error('on purpose')
  if (String(how) === 'exit') process.exit(3)
  clearTimeout(wait)
  process.stdin.destroy()
})
`

/** Starts an owner of a guarded process, ends the owner, and tells what is left two seconds later at most. */
async function endOwner(how: NodeJS.Signals | 'throw' | 'exit' | 'return'): Promise<void> {
  const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', OWNER], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string]
  const { pid, folder } = JSON.parse(line) as { pid: number; folder: string }
  assert.ok(isAlive(pid) && existsSync(folder), 'the guarded process runs while its owner does')
  if (how.startsWith('SIG')) owner.kill(how as NodeJS.Signals)
  else owner.stdin.write(how)
  await once(owner, 'exit')
  const deadline = Date.now() + 5_000
  while ((isAlive(pid) || existsSync(folder)) && Date.now() < deadline) await sleep(20)
  assert.ok(!isAlive(pid), 'the guarded process is gone')
  assert.ok(!existsSync(folder), 'the folder is gone')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

describe('watchdog', { concurrency: true }, () => {
  for (const how of ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'throw', 'exit', 'return'] as const) {
    it(`what it guards is gone after its owner ended by ${how}`, () => endOwner(how))
  }
})
