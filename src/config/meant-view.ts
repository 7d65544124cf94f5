import { reachesConnectors } from './connector-keys.ts'
import type { FlowPair } from './flow-pair.ts'
import type { Property } from './properties.ts'
import { clientsWith, isFlowSetting, isWorkerSetting } from './setting-names.ts'
import type { ClientName } from './setting-names.ts'
import { clusterView, connectorView, stripPrefix } from './view.ts'
import type { View } from './view.ts'

/*
 * The views of a flow as the user meant the file (twinlog.strict.mm2.scoping=false): every line reaches what it names, and the narrower place wins. From wide to
 * narrow: top level, a cluster, a flow; and at each of them without a client, for a client, for a client of one side.
 */

/** What the connectors of a flow are given. The clients' settings are where `connectorClientView` and `dataProducerView` look first. */
export function meantConnectorView(properties: View, flow: FlowPair): View {
  const ofFlow = stripPrefix(properties, `${flow.source}->${flow.target}.`)
  const view = new Map(connectorView(properties, flow, (key) => reachesConnectors(key) || isFlowSetting(key)))
  for (const alias of [flow.source, flow.target]) {
    if (isOnBothSides(alias, properties)) continue
    for (const [key, property] of stripPrefix(properties, `${alias}.`)) if (isFlowSetting(key)) view.set(key, property)
  }
  for (const [key, property] of ofFlow) view.set(key, property)
  for (const side of ['source', 'target'] as const) {
    for (const client of ['consumer', 'producer', 'admin'] as const) {
      for (const [key, property] of clientLines(properties, ofFlow, flow[side], { side, client })) {
        view.set(`${side}.${client}.${key}`, property)
        if (side === 'target' && client === 'producer') view.set(`producer.override.${key}`, property)
      }
    }
  }
  return view
}

/** A cluster's line about a flow then could mean those from it or those into it. */
function isOnBothSides(alias: string, properties: View): boolean {
  const enabled = [...properties].filter(([key, { value }]) => key.endsWith('enabled') && value.trim() !== 'false')
  const isSource = enabled.some(([key]) => key === 'enabled' || key.startsWith(`${alias}->`))
  const isTarget = enabled.some(([key]) => key === 'enabled' || key.endsWith(`->${alias}.enabled`))
  return isSource && isTarget
}

/** What the Connect worker of a flow is given. */
export function meantWorkerView(properties: View, flow: FlowPair): View {
  const view = clusterView(properties, flow.target)
  for (const [key, property] of properties) if (isOfWorker(key) && !view.has(key)) view.set(key, property)
  for (const [key, property] of stripPrefix(properties, `${flow.source}->${flow.target}.`))
    if (isOfWorker(key)) view.set(key, property)
  return view
}

function isOfWorker(key: string): boolean {
  return isWorkerSetting(key) || (clientsWith(key).length > 0 && key !== 'bootstrap.servers')
}

/** All lines about one client of a flow, the narrowest last. */
function clientLines(
  properties: View,
  ofFlow: View,
  alias: string,
  { side, client }: { readonly side: 'source' | 'target'; readonly client: ClientName },
): readonly (readonly [string, Property])[] {
  const ofCluster = stripPrefix(properties, `${alias}.`)
  return [properties, ofCluster, ofFlow].flatMap((lines, depth) => [
    ...[...lines].filter(([key]) => clientsWith(key).includes(client) && (key !== 'bootstrap.servers' || depth < 2)),
    ...stripPrefix(lines, `${side}.cluster.`),
    ...stripPrefix(lines, `${client}.`),
    ...stripPrefix(lines, `${client}.override.`),
    ...stripPrefix(lines, `${side}.${client}.`),
  ])
}
