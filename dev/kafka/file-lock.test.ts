import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileLock, tryFileLock } from './file-lock.ts'

describe('file lock', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'twinlog-lock-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('is held by one at a time', async () => {
    const path = join(folder, 'one')
    const held = await tryFileLock(path)
    assert.ok(held)
    assert.equal(await tryFileLock(path), undefined)
    await assert.rejects(fileLock(path, { timeoutMs: 120 }), { code: 'LOCK_TIMEOUT' })
    await held[Symbol.asyncDispose]()
    await using again = await tryFileLock(path)
    assert.ok(again)
  })

  it('of a dead process is taken by exactly one', async () => {
    const path = join(folder, 'dead')
    // No process has this pid: it is above every limit of Linux.
    await writeFile(path, '4194305\n')
    const locks = await Promise.all(Array.from({ length: 8 }, () => tryFileLock(path)))
    assert.equal(locks.filter((lock) => lock !== undefined).length, 1)
  })
})
