import { reachesConnectors } from './connector-keys.ts'
import type { FlowPair } from './flow-pair.ts'
import { meantConnectorView, meantWorkerView } from './meant-view.ts'
import { connectorView, workerView } from './view.ts'
import type { View } from './view.ts'

/** Whose scopes hold: MirrorMaker 2's, traps included, or those that the user meant (twinlog.strict.mm2.scoping). */
export type Scoping = 'mm2' | 'meant'

/** What MirrorMaker 2's connectors and worker would be given for a flow. */
export interface FlowViews {
  readonly connector: View
  readonly worker: View
}

/** @returns as the file says; whether the line can be read is judged where settings are read */
export function scopingOf(properties: View): Scoping {
  return properties.get('twinlog.strict.mm2.scoping')?.value.trim().toLowerCase() === 'false' ? 'meant' : 'mm2'
}

export function flowViews(properties: View, flow: FlowPair, scoping: Scoping): FlowViews {
  return scoping === 'mm2'
    ? { connector: connectorView(properties, flow, reachesConnectors), worker: workerView(properties, flow.target) }
    : { connector: meantConnectorView(properties, flow), worker: meantWorkerView(properties, flow) }
}
