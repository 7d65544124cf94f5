import type { FlowPair } from './flow-pair.ts'
import { flowViews } from './flow-views.ts'
import type { Property } from './properties.ts'
import { clientsWith, isFlowSetting, isWorkerSetting } from './setting-names.ts'
import { connectorClientView, dataProducerView } from './view.ts'
import type { View } from './view.ts'

/** What the parts of MirrorMaker 2 are given; it ignores all other properties silently. */
export interface ReachedProperties {
  /** Of connectors, of the worker, and of the clients that copy records. */
  readonly byCopying: ReadonlySet<Property>
  /** Of the clients of offset syncs and checkpoints. */
  readonly byOthers: ReadonlySet<Property>
}

/** @param flows   those that copy */
export function reachedProperties(properties: View, flows: readonly FlowPair[]): ReachedProperties {
  const byCopying = new Set<Property>()
  const byOthers = new Set<Property>()
  for (const flow of flows) {
    const { connector, worker } = flowViews(properties, flow, 'mm2')
    addAll(byCopying, [
      only(connector, isFlowSetting),
      only(worker, (key) => isWorkerSetting(key) || clientsWith(key).includes('admin')),
      dataProducerView(worker, connector),
      only(connectorClientView(connector, 'source', 'consumer'), isNoOverride),
      only(connectorClientView(connector, 'source', 'admin'), isNoOverride),
      only(connectorClientView(connector, 'target', 'admin'), isNoOverride),
    ])
    addAll(byOthers, [
      only(connectorClientView(connector, 'source', 'producer'), isNoOverride),
      only(connectorClientView(connector, 'target', 'producer'), isNoOverride),
      only(connectorClientView(connector, 'target', 'consumer'), isNoOverride),
    ])
  }
  return { byCopying, byOthers }
}

/** `A->B.consumer.override.x` is the setting `override.x` of a consumer, which has none of that name. */
function isNoOverride(key: string): boolean {
  return !key.startsWith('override.')
}

function only(view: View, isOwn: (key: string) => boolean): View {
  return new Map([...view].filter(([key]) => isOwn(key)))
}

function addAll(reached: Set<Property>, views: readonly View[]): void {
  for (const view of views) for (const property of view.values()) reached.add(property)
}
