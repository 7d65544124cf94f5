/*
 * Loaded into a Node process under measurement (NODE_OPTIONS=--import=...): at its end it writes how much JavaScript heap
 * was allocated and how often it was collected; and since a SIGUSR2, how long the event loop had no turn. The product knows nothing of it.
 */
import { writeFileSync } from 'node:fs'
import { GCProfiler, getHeapStatistics } from 'node:v8'
import { isMainThread } from 'node:worker_threads'
import type { HeapFacts } from './contestant.ts'

const file = process.env['BENCH_HEAP_FILE']
if (file !== undefined && isMainThread) probe(file)

function probe(file: string): void {
  const profiler = new GCProfiler()
  const atStart = getHeapStatistics().used_heap_size
  profiler.start()
  let longestTurnMs: number | undefined
  process.on('SIGUSR2', () => {
    longestTurnMs = 0
    let lastMs = threadCpuMs()
    setInterval(() => {
      const nowMs = threadCpuMs()
      longestTurnMs = Math.max(longestTurnMs ?? 0, nowMs - lastMs)
      lastMs = nowMs
    }, 1).unref()
  })
  process.on('exit', () => {
    const atEnd = getHeapStatistics().used_heap_size
    const collections = profiler.stop()?.statistics ?? []
    // What was allocated between two collections is how much the heap grew meanwhile.
    let allocatedBytes = 0
    let usedBefore = atStart
    for (const { beforeGC, afterGC } of collections) {
      allocatedBytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - usedBefore)
      usedBefore = afterGC.heapStatistics.usedHeapSize
    }
    const facts: HeapFacts = {
      allocatedBytes: allocatedBytes + Math.max(0, atEnd - usedBefore),
      majorCollections: collections.filter(({ gcType }) => gcType === 'MarkSweepCompact').length,
      minorCollections: collections.filter(({ gcType }) => gcType === 'Scavenge').length,
      ...(longestTurnMs === undefined ? {} : { longestTurnMs }),
    }
    writeFileSync(file, JSON.stringify(facts))
  })
}

/** Not the time that goes by: a machine that is busy with other processes does not count. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
