import { errors } from '../base/errors.ts'
import type { KafkaLocatorPorts } from './kafka-locator-ports.ts'
import type { LaneContext } from './lane-context.ts'
import { Locator } from './locator.ts'
import type { LocatorDependencies } from './locator-dependencies.ts'
import type { PartitionKeeper } from './partition-keeper.ts'

/** What a lane gives its locator. */
export interface LocatorSurroundings {
  readonly ports: KafkaLocatorPorts
  readonly keeper: () => PartitionKeeper
  readonly counts: { fencesTotal: number; unfencedTotal: number }
  readonly requestMetadata: () => void
  readonly onLocated: LocatorDependencies['onLocated']
}

/** Wires a locator to its lane: what it finds out is said, counted, and handed on. */
export function createLocator({ plan, deps, say }: LaneContext, surroundings: LocatorSurroundings): Locator {
  const { ports, keeper, counts, requestMetadata, onLocated } = surroundings
  return new Locator({
    ports,
    clock: deps.clock,
    isIdempotent: plan.produce.isIdempotent,
    autoOffsetReset: plan.fetch.autoOffsetReset,
    onLocated,
    onDelayed: ({ sourceTopic: topic, partition }, error, isNews) => {
      if (isNews) say('PartitionDelayed', { topic, partition, error })
      if (error.action !== 'refresh-metadata') return
      requestMetadata()
      deps.onTopicsChanged?.()
    },
    onRefused: (partition, error) => keeper().refuse(partition, error),
    onBlind: ({ sourceTopic: topic, targetTopic, partition }, error) =>
      say('TargetBlind', { topic, targetTopic, partition, error }),
    onFenced: ({ sourceTopic: topic, targetTopic, partition, fence }) => {
      counts.fencesTotal++
      say('PartitionFenced', { topic, targetTopic, partition, producerEpoch: fence?.producerEpoch })
    },
    onUnfenced: ({ sourceTopic: topic, targetTopic, partition }) => {
      counts.unfencedTotal++
      say('PartitionUnfenced', { topic, targetTopic, partition })
    },
    onUnpositioned: (partition) => {
      const { sourceTopic: topic, partition: index } = partition
      const { offsetsTopic } = plan.positions
      keeper().refuse(partition, errors.POSITION_MISSING({ topic, partition: index, offsetsTopic }))
    },
    onStartMissing: ({ sourceTopic: topic, partition }, firstOffset) => {
      const reason = 'removed before it was copied'
      const atMs = deps.clock.now()
      deps.onGap({ topic, partition, fromOffset: 0, toOffset: firstOffset, reason, atMs })
    },
  })
}
