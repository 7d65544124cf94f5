import { inheritedClientKeys } from './client-keys.ts'
import type { Property } from './properties.ts'

/**
 * The properties as one part of MirrorMaker 2 would see them: its name of a key, and the property that the user wrote. Which
 * key reaches what follows from the order in which views are put together, exactly as MirrorMakerConfig does it.
 */
export type View = ReadonlyMap<string, Property>

/** The keys that are Connect worker settings although they stand at top level (MirrorMakerConfig.workerConfig). */
export const topLevelWorkerPrefixes: readonly string[] = [
  'offset.storage',
  'config.storage',
  'status.storage',
  'key.converter',
  'value.converter',
  'header.converter',
  'task',
  'worker',
  'replication.policy',
]

/** `X.<key>` for one cluster, completed by what is inherited. Source: MirrorMakerConfig.clusterProps. */
export function clusterView(properties: View, alias: string): Map<string, Property> {
  const view = stripPrefix(properties, `${alias}.`)
  inherit(view, view)
  inherit(view, properties)
  return view
}

function inherit(view: Map<string, Property>, from: View): void {
  for (const key of inheritedClientKeys) {
    const property = from.get(key)
    if (property === undefined) continue
    for (const name of [`producer.${key}`, `consumer.${key}`, `admin.${key}`, key]) {
      if (!view.has(name)) view.set(name, property)
    }
  }
}

/** What the Connect worker of a flow is given. Source: MirrorMakerConfig.workerConfig. */
export function workerView(properties: View, targetAlias: string): View {
  const view = clusterView(properties, targetAlias)
  for (const [key, property] of properties) {
    if (topLevelWorkerPrefixes.some((prefix) => key.startsWith(prefix))) view.set(key, property)
  }
  return view
}

/**
 * What the connectors of a flow are given. Source: MirrorMakerConfig.connectorBaseConfig.
 * @param isConnectorKey   whether a top-level key belongs to a connector's settings
 */
export function connectorView(
  properties: View,
  flow: { readonly source: string; readonly target: string },
  isConnectorKey: (key: string) => boolean,
): View {
  const view = new Map<string, Property>()
  for (const [key, property] of properties) {
    if (isConnectorKey(key) || key.startsWith('config.providers') || key.startsWith('replication.policy'))
      view.set(key, property)
  }
  for (const side of ['source', 'target'] as const) {
    for (const [key, property] of clusterView(properties, flow[side])) {
      view.set(/^(consumer|producer|admin)/.test(key) ? `${side}.${key}` : `${side}.cluster.${key}`, property)
    }
  }
  for (const [key, property] of stripPrefix(properties, `${flow.source}->${flow.target}.`)) view.set(key, property)
  return view
}

/** The settings of a source consumer or of an admin client. Source: MirrorConnectorConfig.sourceConsumerConfig and others. */
export function connectorClientView(
  connector: View,
  side: 'source' | 'target',
  role: 'consumer' | 'producer' | 'admin',
): View {
  const view = new Map<string, Property>()
  const cluster = stripPrefix(connector, `${side}.cluster.`)
  for (const key of inheritedClientKeys) {
    const property = cluster.get(key)
    if (property !== undefined) view.set(key, property)
  }
  for (const prefix of [`${role}.`, `${side}.${role}.`]) {
    for (const [key, property] of stripPrefix(connector, prefix)) view.set(key, property)
  }
  return view
}

/** The settings of the producer that writes the copied records. Source: Worker.baseProducerConfigs. */
export function dataProducerView(worker: View, connector: View): View {
  const view = new Map<string, Property>()
  const bootstrapServers = worker.get('bootstrap.servers')
  if (bootstrapServers !== undefined) view.set('bootstrap.servers', bootstrapServers)
  for (const [key, property] of stripPrefix(worker, 'producer.')) view.set(key, property)
  for (const [key, property] of stripPrefix(connector, 'producer.override.')) view.set(key, property)
  return view
}

/** @returns the keys with this beginning, without it */
export function stripPrefix(properties: View, prefix: string): Map<string, Property> {
  const view = new Map<string, Property>()
  for (const [key, property] of properties) {
    if (key.startsWith(prefix) && key.length > prefix.length) view.set(key.slice(prefix.length), property)
  }
  return view
}
