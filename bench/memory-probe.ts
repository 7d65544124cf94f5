/*
 * Loaded into a Node process under a soak (node --import): every two seconds it writes what of its memory is heap and what lies outside of it. The product
 * knows nothing of it.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { MEMORY_FILE_VARIABLE } from './soak/sample.ts'

const INTERVAL_MS = 2_000

const file = process.env[MEMORY_FILE_VARIABLE]
if (file !== undefined && isMainThread) {
  setInterval(() => {
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()))
    renameSync(`${file}.new`, file)
  }, INTERVAL_MS).unref()
}
