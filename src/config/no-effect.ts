import { inheritedClientKeys } from './client-keys.ts'
import { flowName } from './flow-pair.ts'
import type { FlowPair } from './flow-pair.ts'
import type { KeyPlace } from './key-place.ts'
import type { Property } from './properties.ts'
import type { ReachedProperties } from './reached-properties.ts'
import type { View } from './view.ts'
import { clientsWith } from './setting-names.ts'
import { workingKeys } from './working-keys.ts'

/** Why a known setting has no effect where it stands, and which lines would have one. */
export interface NoEffect {
  readonly text: string
  readonly worksAs: readonly string[]
}

export interface NoEffectContext {
  readonly properties: View
  /** The flows that copy. */
  readonly flows: readonly FlowPair[]
  readonly reached: ReachedProperties
  /** Something reads it all the same. */
  readonly isUsed: boolean
}

/** In MirrorMaker 2 the line has no effect there either; it does not say so. */
export function explainNoEffect(property: Property, place: KeyPlace, context: NoEffectContext): NoEffect {
  const { flows, reached, isUsed } = context
  const worksAs = workingKeys(place, flows).filter((key) => key !== property.key)
  if (reached.byCopying.has(property) && clientsWith(place.name).length > 0)
    return { text: 'has no effect: no client needs it with this security.protocol', worksAs: [] }
  const before = precedingProperty(property, place, context)
  if (before !== undefined) {
    const text = `has no effect: line ${before.line} (${before.key}) comes before it`
    return { text: worksAs.length === 0 ? `${text}; remove that one` : `${text}${remedy(worksAs)}`, worksAs }
  }
  if (isUsed || reached.byOthers.has(property)) {
    const owner = place.role === undefined ? 'heartbeats' : place.role === 'producer' ? 'offset syncs' : 'checkpoints'
    return { text: `has no effect on copied records: it belongs to ${owner}${remedy(worksAs)}`, worksAs }
  }
  const where = { top: 'at top level', cluster: 'for a cluster', flow: 'for a flow' }[place.where]
  return { text: `has no effect ${where}${remedy(worksAs)}`, worksAs }
}

/** At most three keys are named: whoever reads them sees the rule. */
function remedy(keys: readonly string[]): string {
  if (keys.length === 0) return ''
  return `; write ${keys.slice(0, 3).join(' or ')}${keys.length > 3 ? ' and so on' : ''}`
}

/** The line that MirrorMaker 2 takes instead. */
function precedingProperty(
  property: Property,
  place: KeyPlace,
  { properties, flows }: NoEffectContext,
): Property | undefined {
  return keysBefore(place, flows)
    .map((key) => properties.get(key))
    .find((found) => found !== undefined && found !== property)
}

function keysBefore(place: KeyPlace, flows: readonly FlowPair[]): readonly string[] {
  const { where, role, side, source, target, alias, name } = place
  const isInherited = inheritedClientKeys.includes(name)
  if (where === 'cluster' && role === undefined)
    return isInherited ? ['consumer', 'admin', 'producer'].map((client) => `${alias}.${client}.${name}`) : [name]
  if (where === 'cluster') {
    return flows
      .filter((flow) => flow.source === alias || flow.target === alias)
      .map((flow) => `${flowName(flow)}.${flow.source === alias ? 'source' : 'target'}.${role}.${name}`)
  }
  if (where !== 'flow') return []
  const clusters = side === undefined ? [source, target] : [side === 'source' ? source : target]
  return clusters.flatMap((cluster) => [
    ...(role === undefined
      ? []
      : [`${source}->${target}.${side ?? 'source'}.${role}.${name}`, `${cluster}.${role}.${name}`]),
    ...(isInherited ? [`${cluster}.${name}`, name] : []),
  ])
}
