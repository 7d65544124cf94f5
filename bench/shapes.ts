import { CONTESTANTS, EXACTLY_ONCE_CONTESTANTS } from './contestant.ts'
import type { ContestantName, FlowUnderTest } from './contestant.ts'
import { runBelowMinIsr } from './below-min-isr.ts'
import { prepareCompacted, prepareData, runDrain } from './drain.ts'
import type { Load } from './drain.ts'
import type { Environment } from './environment.ts'
import { runManyPartitions } from './many-partitions.ts'
import type { Measurement } from './measurement.ts'
import { runRebuildNeighbours } from './rebuild-neighbours.ts'
import { measureRelay, RELAYS } from './relay-floor.ts'
import { prepareVerify } from './verify.ts'
import { runDirectLatency, runIdle, runLatency } from './steady.ts'

/** One row of what is measured. */
export interface Shape {
  readonly name: string
  readonly what: string
  readonly contestants: readonly ContestantName[]
  /** Part of --quick. */
  readonly isQuick: boolean
  /** Writes the data; the answer measures one contestant in one round. */
  prepare(
    environment: Environment,
    isQuick: boolean,
  ): Promise<(contestant: ContestantName, round: number) => Promise<Measurement>>
  /** What belongs to a round and is no contestant. */
  floors?(environment: Environment, round: number, isQuick: boolean): Promise<Measurement[]>
}

const HALF_ROUND_TRIP_MS = 75
const MIRRORS = CONTESTANTS.filter((name) => name !== 'bare-copy')

export const SHAPES: readonly Shape[] = [
  {
    ...drain('large-batches', '1,000 B records in 128 KiB batches, 4 partitions', (isQuick) => ({
      partitions: 4,
      records: isQuick ? 300_000 : 2_000_000,
      valueBytes: 1000,
      batchBytes: 131_072,
      codec: 'none',
    })),
    isQuick: true,
    floors: (_, round, isQuick) => relays(round, isQuick ? 1e9 : 2e9),
  },
  {
    ...drain('lz4-batches', '100 B records in 64 KiB lz4 batches, 4 partitions', (isQuick) => ({
      partitions: 4,
      records: isQuick ? 1_000_000 : 10_000_000,
      valueBytes: 100,
      batchBytes: 65_536,
      codec: 'lz4',
    })),
    isQuick: true,
  },
  drain('one-record-batches', '100 B records, each a batch of its own, 4 partitions', (isQuick) => ({
    partitions: 4,
    records: isQuick ? 40_000 : 400_000,
    valueBytes: 100,
    batchBytes: 0,
    codec: 'none',
  })),
  smallBatches('lz4'),
  smallBatches('gzip'),
  smallBatches('zstd'),
  {
    name: 'gzip-to-zstd',
    what: '1,000 B records in 128 KiB gzip batches, 4 partitions; compression.type=zstd for the target',
    contestants: MIRRORS,
    isQuick: false,
    prepare: async (environment, isQuick) => {
      const records = isQuick ? 100_000 : 500_000
      const load = { partitions: 4, records, valueBytes: 1000, batchBytes: 131_072, codec: 'gzip' }
      const data = await prepareData(environment, 'bench-gzip-to-zstd', load)
      await runDrain(environment, data, { shape: 'gzip-to-zstd', contestant: 'bare-copy', round: 0 })
      const flow = { compression: 'zstd' }
      return (contestant, round) => runDrain(environment, data, { shape: 'gzip-to-zstd', contestant, round, flow })
    },
  },
  {
    name: 'compacted',
    what: '100 B records in 64 KiB lz4 batches with random holes of compaction, 4 partitions',
    contestants: MIRRORS,
    isQuick: false,
    prepare: async (environment, isQuick) => {
      const records = isQuick ? 600_000 : 3_000_000
      const load = { partitions: 4, records, valueBytes: 100, batchBytes: 65_536, codec: 'lz4', keys: records / 3 }
      const data = await prepareCompacted(environment, 'bench-compacted', load)
      await runDrain(environment, data, { shape: 'compacted', contestant: 'twinlog', round: 0 })
      return (contestant, round) => runDrain(environment, data, { shape: 'compacted', contestant, round })
    },
  },
  {
    name: 'latency',
    what: '1,000 records/s on one partition, from send to poll',
    contestants: CONTESTANTS,
    isQuick: true,
    prepare: async (environment, isQuick) => (contestant, round) =>
      runLatency(environment, latencyPlan(isQuick), { shape: 'latency', contestant, round }),
    floors: async (environment, round, isQuick) => [await runDirectLatency(environment, latencyPlan(isQuick), round)],
  },
  {
    name: 'idle',
    what: '100 partitions, nothing to do',
    contestants: CONTESTANTS,
    isQuick: false,
    prepare: async (environment) => (contestant, round) => {
      const plan = { partitionsCount: 100, seconds: 30, settleSeconds: 15 }
      return runIdle(environment, plan, { shape: 'idle', contestant, round })
    },
  },
  longLink('wan-source', 'one partition, 150 ms round trip to the source'),
  longLink('wan-target', 'one partition, 150 ms round trip to the target'),
  {
    name: 'exactly-once',
    what: '1,000 B records in 128 KiB batches, 4 partitions, with exactly.once.source.support=enabled and without',
    contestants: [...EXACTLY_ONCE_CONTESTANTS, 'twinlog'],
    isQuick: false,
    prepare: async (environment, isQuick) => {
      const records = isQuick ? 300_000 : 2_000_000
      const load = { partitions: 4, records, valueBytes: 1000, batchBytes: 131_072, codec: 'none' }
      const data = await prepareData(environment, 'bench-exactly-once', load)
      await runDrain(environment, data, { shape: 'exactly-once', contestant: 'bare-copy', round: 0 })
      return (contestant, round) =>
        runDrain(environment, data, { shape: 'exactly-once', contestant, round, isSettled: true })
    },
  },
  {
    name: 'exactly-once-latency',
    what: '1,000 records/s on one partition, from send to poll of a reader of committed records',
    contestants: [...EXACTLY_ONCE_CONTESTANTS, 'twinlog'],
    isQuick: false,
    prepare: async (environment, isQuick) => (contestant, round) =>
      runLatency(environment, latencyPlan(isQuick), { shape: 'exactly-once-latency', contestant, round }),
  },
  {
    name: 'below-min-isr',
    what: '8,000 records/s on 8 partitions with one leader; one partition is below min.insync.replicas for 60 s',
    contestants: MIRRORS,
    isQuick: false,
    prepare: async (environment) => (contestant, round) =>
      runBelowMinIsr(environment, { holdSeconds: 60 }, { shape: 'below-min-isr', contestant, round }),
  },
  {
    name: 'rebuild-neighbours',
    what: '8,000 records/s on 8 partitions, of which one has a backlog of gzip batches of 100 B records that have to be written anew',
    contestants: ['twinlog'],
    isQuick: false,
    prepare: async (environment) => (contestant, round) =>
      runRebuildNeighbours(
        environment,
        { backlogRecords: 6_000_000 },
        { shape: 'rebuild-neighbours', contestant, round },
      ),
  },
  verify('verify', '2 GB of 1,000 B records, copied by twinlog: both sides compared', {
    partitions: 4,
    records: 2_000_000,
    valueBytes: 1000,
    batchBytes: 131_072,
    codec: 'none',
  }),
  {
    name: 'many-partitions',
    what: '10,000 partitions, 100 of them written to',
    contestants: ['twinlog'],
    isQuick: false,
    prepare: async () => (contestant, round) =>
      runManyPartitions({ seconds: 30, settleSeconds: 20 }, { shape: 'many-partitions', contestant, round }),
  },
]

/** Batches of 600 B before compression, which are 5 records or so. */
function smallBatches(codec: 'lz4' | 'gzip' | 'zstd'): Shape {
  return drain(
    `small-${codec}-batches`,
    `100 B records in ${codec} batches of some 5 to 10, 4 partitions`,
    (isQuick) => ({
      partitions: 4,
      records: isQuick ? 100_000 : 1_000_000,
      valueBytes: 100,
      batchBytes: 600,
      codec,
    }),
  )
}

function drain(name: string, what: string, load: (isQuick: boolean) => Load): Shape {
  return {
    name,
    what,
    contestants: CONTESTANTS,
    isQuick: false,
    prepare: async (environment, isQuick) => {
      const data = await prepareData(environment, `bench-${name}`, load(isQuick))
      // Once unmeasured: the brokers' code gets compiled, as it is on any cluster in use.
      await runDrain(environment, data, { shape: name, contestant: 'bare-copy', round: 0 })
      return (contestant, round) => runDrain(environment, data, { shape: name, contestant, round })
    },
  }
}

function verify(name: string, what: string, load: Load): Shape {
  return {
    name,
    what,
    contestants: ['twinlog'],
    isQuick: false,
    prepare: async (environment, isQuick) => {
      const wanted = isQuick ? { ...load, records: load.records / 10 } : load
      const measure = await prepareVerify(environment, `bench-${name}`, wanted)
      return (_, round) => measure(round)
    },
  }
}

/**
 * A drain through a proxy with a delay before one of the clusters; the other one is near. MirrorMaker 2 as shipped writes one request of 16 KiB a round
 * trip: 200 MB would take it half an hour, so towards a far target it gets a twentieth of the records, and its rate counts.
 */
function longLink(name: 'wan-source' | 'wan-target', what: string): Shape {
  const load = { partitions: 1, records: 200_000, valueBytes: 1000, batchBytes: 131_072, codec: 'none' }
  return {
    ...drain(name, what, () => load),
    prepare: async (environment) => {
      const data = await prepareData(environment, `bench-${name}`, load)
      const few =
        name === 'wan-target'
          ? await prepareData(environment, `bench-${name}-few`, { ...load, records: load.records / 20 })
          : data
      const far = name === 'wan-source' ? environment.source : environment.target
      for (const { proxy } of far.brokers) {
        if (proxy === undefined) throw new Error('no proxy before a broker')
        proxy.toBroker.delayMs = HALF_ROUND_TRIP_MS
        proxy.toClient.delayMs = HALF_ROUND_TRIP_MS
      }
      const flow: Partial<FlowUnderTest> =
        name === 'wan-source' ? { sourceBootstrap: far.bootstrap } : { targetBootstrap: far.bootstrap }
      return (contestant, round) =>
        runDrain(environment, contestant === 'mm2-shipped' ? few : data, { shape: name, contestant, round, flow })
    },
  }
}

function latencyPlan(isQuick: boolean) {
  return { recordsPerSecond: 1000, seconds: isQuick ? 5 : 30, warmupSeconds: isQuick ? 5 : 15 }
}

async function relays(round: number, totalBytes: number): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const contestant of RELAYS) {
    const relay = await measureRelay(contestant, totalBytes)
    if (relay === undefined) continue // not installed
    const { gb, wallSeconds, cpu, peakRssMb } = relay
    const figures = {
      drainSeconds: wallSeconds,
      mbPerSecond: (gb * 1000) / wallSeconds,
      cpuSecondsPerGb: (cpu.user + cpu.system) / gb,
      cpuUserSecondsPerGb: cpu.user / gb,
      cpuSystemSecondsPerGb: cpu.system / gb,
      peakRssMb,
      gb,
    }
    measurements.push({ shape: 'large-batches', contestant, round, figures, facts: {} })
  }
  return measurements
}
