/*
 * Loaded into a Node process under measurement (NODE_OPTIONS=--import=...): at its end it writes how much JavaScript heap
 * was allocated and how often it was collected. The product knows nothing of it.
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
    }
    writeFileSync(file, JSON.stringify(facts))
  })
}
