import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { kitErrors } from './kit-errors.ts'

/** A lock that a process holds by a file with its pid. Disposing of it gives it back. */
export interface FileLock extends AsyncDisposable {
  readonly path: string
}

export interface FileLockOptions {
  readonly timeoutMs: number
}

const POLL_MS = 50

let counter = 0

/**
 * Takes the lock when it is free, or when the process that held it is gone.
 * @param path   the lock's file; its folder is made
 * @returns      the lock, or undefined when a living process holds it
 */
export async function tryFileLock(path: string): Promise<FileLock | undefined> {
  await mkdir(dirname(path), { recursive: true })
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (await create(path)) return { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    const owner = await ownerOf(path)
    if (owner === undefined || isAlive(owner)) return undefined
    await stealFrom(path, owner)
  }
  return undefined
}

/**
 * Waits for the lock.
 * @throws LOCK_TIMEOUT when a living process holds it for longer than timeoutMs
 */
export async function fileLock(path: string, { timeoutMs }: FileLockOptions): Promise<FileLock> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const lock = await tryFileLock(path)
    if (lock !== undefined) return lock
    if (Date.now() > deadline) throw kitErrors.LOCK_TIMEOUT({ path, timeoutMs, owner: await ownerOf(path) })
    await sleep(POLL_MS)
  }
}

/** Links a file that is already written, so that a lock is never seen without its owner's pid. */
async function create(path: string): Promise<boolean> {
  const written = `${path}.${process.pid}.${(counter += 1)}`
  await writeFile(written, `${process.pid}\n`)
  try {
    await link(written, path)
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(written, { force: true })
  }
}

/** The pid in the file; undefined when the lock has just been given back. */
async function ownerOf(path: string): Promise<number | undefined> {
  try {
    const pid = Number.parseInt(await readFile(path, 'utf8'), 10)
    return Number.isNaN(pid) ? undefined : pid
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Removes the lock of a dead process. Two processes may see the same dead owner: A removes the file and takes the lock,
 * then B would remove A's. So the file is moved aside first, and put back if it turns out to be another's.
 */
async function stealFrom(path: string, deadOwner: number): Promise<void> {
  const aside = `${path}.${process.pid}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  if ((await ownerOf(aside)) === deadOwner) await rm(aside, { force: true })
  else await rename(aside, path)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
