import { connectionSettings, consumerSettings, producerSettings } from './connection-settings.ts'
import { inheritedClientKeys } from './client-keys.ts'
import { flowName } from './flow-pair.ts'
import type { FlowPair, FlowPairs } from './flow-pair.ts'
import { flowSettings } from './flow-settings.ts'
import { locateKey } from './key-place.ts'
import type { KeyPlace } from './key-place.ts'
import { nearestName } from './nearest-name.ts'
import { findOtherSetting, otherSettings } from './other-setting.ts'
import type { OtherSetting } from './other-setting.ts'
import { processSettings } from './process-settings.ts'
import type { Property } from './properties.ts'
import type { Resolution } from './resolution.ts'
import { topLevelWorkerPrefixes } from './view.ts'
import { workerSettings } from './worker-settings.ts'

/** Says of every property that was not used why, so that nothing is silently ignored. */
export function auditSettings(
  resolution: Resolution,
  pairs: FlowPairs,
  { isStrict }: { readonly isStrict: boolean },
): void {
  for (const property of resolution.file.replaced) {
    resolution.notice(
      property,
      'no-effect',
      'warning',
      `a later line with the same key (${resolution.file.properties.get(property.key)?.line ?? 0}) takes its place`,
    )
  }
  for (const property of resolution.file.properties.values()) {
    if (resolution.isUsed(property)) continue
    auditProperty(resolution, property, pairs, isStrict)
  }
}

function auditProperty(resolution: Resolution, property: Property, pairs: FlowPairs, isStrict: boolean): void {
  const place = locateKey(property.key, pairs.aliases)
  const other = findOtherSetting(place.name, scopesAt(place))
  if (property.key.startsWith('config.providers')) return
  if (isOutside(place, pairs)) sayOutside(resolution, property, place, pairs)
  else if (other !== undefined) sayOther(resolution, property, other)
  else if (isKnown(place.name)) resolution.notice(property, 'no-effect', 'warning', whyNoEffect(place))
  else sayUnknown(resolution, property, place, isStrict)
}

function scopesAt(place: KeyPlace): OtherSetting['scopes'][number][] {
  if (place.role !== undefined) return [place.role, 'client']
  if (place.where === 'flow') return ['flow']
  if (place.where === 'cluster') return ['worker', 'client']
  const isWorker = topLevelWorkerPrefixes.some((prefix) => place.name.startsWith(prefix))
  return isWorker ? ['process', 'flow', 'client', 'worker'] : ['process', 'flow', 'client']
}

/** A flow that does not copy here, or a cluster that is in no flow that does. */
function isOutside(place: KeyPlace, { enabled }: FlowPairs): boolean {
  if (place.where === 'flow')
    return !enabled.some((pair) => pair.source === place.source && pair.target === place.target)
  return (
    place.where === 'cluster' && !enabled.some((pair) => pair.source === place.alias || pair.target === place.alias)
  )
}

function sayOutside(resolution: Resolution, property: Property, place: KeyPlace, { elsewhere }: FlowPairs): void {
  const what = place.where === 'flow' ? `the flow ${place.source}->${place.target}` : `the cluster ${place.alias}`
  const isElsewhere = (pair: FlowPair): boolean =>
    flowName(pair) === `${place.source}->${place.target}` || pair.source === place.alias || pair.target === place.alias
  const why = elsewhere.some(isElsewhere)
    ? 'belongs to another process (--clusters)'
    : place.where === 'flow'
      ? 'is not enabled'
      : 'is in no enabled flow'
  resolution.notice(property, 'no-effect', 'info', `has no effect: ${what} ${why}`)
}

function sayOther(resolution: Resolution, property: Property, { status, why, harmless }: OtherSetting): void {
  const value = resolution.text(property).trim().toLowerCase()
  if (harmless?.includes(value) === true) return
  if (status === 'refused') resolution.problems.add(property, why, 'Remove it.')
  else
    resolution.notice(
      property,
      status,
      status === 'not-needed' ? 'info' : 'warning',
      status === 'not-needed' ? `is not needed: ${why}` : why,
    )
}

const declared: ReadonlySet<string> = new Set(
  [processSettings, flowSettings, workerSettings, connectionSettings, consumerSettings, producerSettings].flatMap(
    (settings) => Object.keys(settings),
  ),
)

function isKnown(name: string): boolean {
  return (
    declared.has(name) ||
    otherSettings.has(name) ||
    inheritedClientKeys.includes(name) ||
    findOtherSetting(name, ['flow', 'worker', 'client', 'process']) !== undefined
  )
}

function has(settings: object, name: string): boolean {
  return Object.hasOwn(settings, name)
}

/** A known key that reaches nothing where it stands; in MirrorMaker 2 it would not either. */
function whyNoEffect({ where, role, side, name, source, target, alias }: KeyPlace): string {
  const flow = where === 'flow' ? `${source}->${target}` : 'A->B'
  const cluster = alias ?? 'A'
  if (where === 'flow' && role !== undefined)
    return whyNoFlowClientEffect(flow, {
      role,
      ...(side !== undefined && { side }),
      name,
      source: source ?? 'A',
      target: target ?? 'B',
    })
  if (role !== undefined && where === 'top')
    return `has no effect at top level: write ${role === 'producer' ? 'B' : 'A'}.${role}.${name}`
  if (role !== undefined)
    return `has no effect here: no client of the cluster ${cluster} in an enabled flow reads ${role}.${name}, or a line for the flow comes before it`
  if (has(flowSettings, name))
    return where === 'cluster'
      ? `has no effect for a cluster: write ${name}, or A->B.${name} for one flow`
      : `has no effect: write A->B.${name}, or every flow has its own`
  if (has(workerSettings, name)) return `has no effect here: write B.${name}, for all flows into B`
  if (has(processSettings, name)) return `has no effect here: write ${name} at top level`
  if (has(consumerSettings, name) && !has(connectionSettings, name))
    return `has no effect without a client: write ${cluster}.consumer.${name}`
  if (has(producerSettings, name))
    return `has no effect without a client: write ${where === 'cluster' ? cluster : 'B'}.producer.${name}`
  if (inheritedClientKeys.includes(name))
    return 'has no effect: every client has its own, or does not need it with this security.protocol'
  if (has(connectionSettings, name))
    return `has no effect without a client: write ${cluster}.consumer.${name}, ${cluster}.admin.${name} or B.producer.${name}`
  return 'has no effect here'
}

interface FlowClientPlace {
  readonly role: string
  readonly side?: string
  readonly name: string
  readonly source: string
  readonly target: string
}

function whyNoFlowClientEffect(flow: string, { role, side, name, source, target }: FlowClientPlace): string {
  if (role === 'producer')
    return `has no effect on copied records: write ${flow}.producer.override.${name} or ${target}.producer.${name} (here it belongs to the producer of offset syncs, which takes connection settings only)`
  if (role === 'consumer' && side === 'target')
    return 'has no effect: what MirrorMaker 2 reads with it (checkpoints) is read by the client that writes positions'
  return `has no effect: ${source}.${role}.${name} comes before it, so write ${flow}.${side ?? 'source'}.${role}.${name}`
}

function sayUnknown(resolution: Resolution, property: Property, place: KeyPlace, isStrict: boolean): void {
  const prefix = property.key.slice(0, property.key.length - place.name.length)
  const nearest = nearestName(place.name, [...declared, ...otherSettings.keys(), ...inheritedClientKeys])
  const hint = nearest === undefined ? '' : `; did you mean ${prefix}${nearest}?`
  if (isStrict) resolution.problems.add(property, `is not a known setting${hint}`, 'Correct or remove it.')
  else resolution.notice(property, 'unknown-key', 'warning', `is not a known setting and has no effect${hint}`)
}
