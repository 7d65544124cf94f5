import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

const WAIT_MS = 120_000
const POLL_MS = 500

/**
 * Waits until something is so, two minutes at most.
 * @param what       of what is waited for, for people
 * @param describe   says more when it does not come
 */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  describe: () => string = () => '',
): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS
  while (!(await isSo())) {
    assert.ok(performance.now() < deadlineMs, `waited ${WAIT_MS} ms for ${what}\n${describe()}`)
    await sleep(POLL_MS)
  }
}
