import { inheritedClientKeys } from './client-keys.ts'
import { connectionSettings } from './connection-settings.ts'
import { flowName } from './flow-pair.ts'
import type { FlowPair } from './flow-pair.ts'
import type { KeyPlace } from './key-place.ts'
import { clientsWith, isFlowSetting, isProcessSetting, isWorkerSetting } from './setting-names.ts'
import type { ClientName } from './setting-names.ts'

/**
 * How a line would have to be written to reach what it names, where its scope keeps it from that: mm2-contract.md 1.6 to 1.8.
 * @param flows   the flows that copy
 * @returns full keys; empty where no other place helps
 */
export function workingKeys(place: KeyPlace, flows: readonly FlowPair[]): readonly string[] {
  const near = flows.filter((flow) => isNear(place, flow))
  return [...new Set(near.flatMap((flow) => keysFor(place, flow)))]
}

function isNear(place: KeyPlace, { source, target }: FlowPair): boolean {
  switch (place.where) {
    case 'top':
      return true
    case 'cluster':
      return source === place.alias || target === place.alias
    case 'flow':
      return source === place.source && target === place.target
  }
}

function keysFor(place: KeyPlace, flow: FlowPair): readonly string[] {
  const { role, side, name } = place
  if (role !== undefined) return clientKeys(place, flow, role)
  if (side === undefined) {
    if (isFlowSetting(name)) return [`${flowName(flow)}.${name}`]
    if (isWorkerSetting(name)) return [`${flow.target}.${name}`]
    if (isProcessSetting(name)) return [name]
  }
  if (inheritedClientKeys.includes(name)) return sidesOf(place, flow).map((each) => `${flow[each]}.${name}`)
  const ofClients = clientsWith(name).flatMap((client) => {
    const sides = client === 'consumer' ? ['source'] : client === 'producer' ? ['target'] : ['source', 'target']
    return sidesOf(place, flow).some((each) => sides.includes(each)) ? clientKeys(place, flow, client) : []
  })
  // The worker has connections of its own.
  const ofWorker = Object.hasOwn(connectionSettings, name) && side === undefined && place.alias !== flow.source
  return [...ofClients, ...(ofWorker ? [`${flow.target}.${name}`] : [])]
}

/** How a client of a flow is written at a place; a source's producer and a target's consumer are not there for copied records. */
function clientKeys(place: KeyPlace, flow: FlowPair, client: ClientName): readonly string[] {
  const { where, name } = place
  const wanted = sidesOf({ ...place, where: client === 'admin' ? where : 'flow' }, flow)
  switch (client) {
    case 'consumer':
      if (!wanted.includes('source')) return []
      return [where === 'flow' ? `${flowName(flow)}.source.consumer.${name}` : `${flow.source}.consumer.${name}`]
    case 'producer':
      if (!wanted.includes('target')) return []
      return [where === 'flow' ? `${flowName(flow)}.producer.override.${name}` : `${flow.target}.producer.${name}`]
    case 'admin':
      return wanted.map((side) =>
        where === 'flow' ? `${flowName(flow)}.${side}.admin.${name}` : `${flow[side]}.admin.${name}`,
      )
  }
}

/** Which sides of a flow a line is about. */
function sidesOf({ where, side, alias }: KeyPlace, flow: FlowPair): readonly ('source' | 'target')[] {
  return (['source', 'target'] as const).filter(
    (each) => (side === undefined || side === each) && (where !== 'cluster' || flow[each] === alias),
  )
}
