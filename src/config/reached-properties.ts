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
      connectorClientView(connector, 'source', 'consumer'),
      connectorClientView(connector, 'source', 'admin'),
      connectorClientView(connector, 'target', 'admin'),
    ])
    addAll(byOthers, [
      connectorClientView(connector, 'source', 'producer'),
      connectorClientView(connector, 'target', 'producer'),
      connectorClientView(connector, 'target', 'consumer'),
    ])
  }
  return { byCopying, byOthers }
}

function only(view: View, isOwn: (key: string) => boolean): View {
  return new Map([...view].filter(([key]) => isOwn(key)))
}

function addAll(reached: Set<Property>, views: readonly View[]): void {
  for (const view of views) for (const property of view.values()) reached.add(property)
}
