import { producerSettings } from '../config/connection-settings.ts'
import type { Resolution } from '../config/resolution.ts'
import type { View } from '../config/view.ts'
import type { ProduceSettings } from './flow-plan.ts'

/** What the target producer's settings ask for. @param isExactlyOnce   idempotence cannot be switched off then */
export function resolveProduce(resolution: Resolution, producer: View, isExactlyOnce: boolean): ProduceSettings {
  sayAcks(resolution, producer)
  const isIdempotent = resolution.read(producer, 'enable.idempotence', producerSettings['enable.idempotence'])
  return {
    isIdempotent: isIdempotent || isExactlyOnce,
    maxRequestSizeBytes: resolution.read(producer, 'max.request.size', producerSettings['max.request.size']),
    batchSizeBytes: resolution.read(producer, 'batch.size', producerSettings['batch.size']),
    compression: resolveCompression(resolution, producer),
    deliveryTimeoutMs: resolution.read(producer, 'delivery.timeout.ms', producerSettings['delivery.timeout.ms']),
    bufferMemoryBytes: resolution.read(producer, 'buffer.memory', producerSettings['buffer.memory']),
  }
}

function sayAcks(resolution: Resolution, producer: View): void {
  const acks = resolution.read(producer, 'acks', producerSettings.acks)
  const property = producer.get('acks')
  if (property === undefined || acks === 'all' || acks === '-1') return
  const text = `is taken as all: with ${acks} records that were acknowledged can be lost`
  resolution.notice(property, 'changed', 'warning', text)
}

/** Without the setting a producer would not compress; here each batch keeps its codec then. */
function resolveCompression(resolution: Resolution, producer: View): ProduceSettings['compression'] {
  const name = resolution.read(producer, 'compression.type', producerSettings['compression.type'])
  const gzipLevel = resolution.read(producer, 'compression.gzip.level', producerSettings['compression.gzip.level'])
  const zstdLevel = resolution.read(producer, 'compression.zstd.level', producerSettings['compression.zstd.level'])
  for (const codec of ['gzip', 'zstd'] as const) {
    const level = producer.get(`compression.${codec}.level`)
    if (level !== undefined && name !== codec)
      resolution.notice(level, 'no-effect', 'warning', `has no effect without compression.type=${codec}`)
  }
  const property = producer.get('compression.gzip.level')
  if (gzipLevel === 0 && property !== undefined) resolution.problems.add(property, 'is 0', 'Allowed: -1 and 1 to 9.')
  switch (name) {
    case undefined:
      return null
    case 'gzip':
      return { codec: 1, level: gzipLevel < 0 ? null : gzipLevel }
    case 'zstd':
      return { codec: 4, level: zstdLevel }
    case 'none':
      return { codec: 0, level: null }
    case 'snappy':
      return { codec: 2, level: null }
    case 'lz4':
      return { codec: 3, level: null }
  }
}
