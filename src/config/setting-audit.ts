import { connectionSettings } from './connection-settings.ts'
import { doubtfulValue } from './doubtful-value.ts'
import { flowName } from './flow-pair.ts'
import type { FlowPair, FlowPairs } from './flow-pair.ts'
import type { Scoping } from './flow-views.ts'
import { locateKey } from './key-place.ts'
import type { KeyPlace } from './key-place.ts'
import { explainNoEffect } from './no-effect.ts'
import { findOtherSetting } from './other-setting.ts'
import type { OtherSetting } from './other-setting.ts'
import { sayProviderKey } from './provider-keys.ts'
import type { Property } from './properties.ts'
import type { ReachedProperties } from './reached-properties.ts'
import { reachedProperties } from './reached-properties.ts'
import type { Resolution } from './resolution.ts'
import { isSettingName } from './setting-names.ts'
import { explainUnknownKey } from './unknown-key.ts'
import { topLevelWorkerPrefixes } from './view.ts'

export interface AuditOptions {
  /** Unknown keys are problems. */
  readonly isStrict: boolean
  readonly scoping: Scoping
}

interface Audit extends AuditOptions {
  readonly resolution: Resolution
  readonly pairs: FlowPairs
  /** What MirrorMaker 2 itself hands on. */
  readonly reached: ReachedProperties
}

/** Says of every property that was not used why, so that nothing is silently ignored. */
export function auditSettings(resolution: Resolution, pairs: FlowPairs, options: AuditOptions): void {
  const { properties, replaced } = resolution.file
  for (const property of replaced) {
    resolution.notice(
      property,
      'no-effect',
      'warning',
      `a later line with the same key (${properties.get(property.key)?.line ?? 0}) takes its place`,
    )
  }
  const audit = { ...options, resolution, pairs, reached: reachedProperties(properties, pairs.enabled) }
  for (const property of properties.values()) {
    const place = locateKey(property.key, pairs.aliases)
    if (!resolution.isUsed(property) || isStillToBeSaid(audit, property, place)) auditProperty(audit, property, place)
    else if (options.scoping === 'meant') sayFollowed(audit, property, place)
    sayDoubtful(audit, property, place)
  }
}

/** What is used, and yet not for what its name says: a setting of clients that only offset syncs or heartbeats have. */
function isStillToBeSaid({ reached, scoping }: Audit, property: Property, { where, role, name }: KeyPlace): boolean {
  if (scoping === 'meant' || reached.byCopying.has(property)) return false
  const isOfHeartbeats = where === 'cluster' && role === undefined && Object.hasOwn(connectionSettings, name)
  return isOfHeartbeats || (role === 'producer' && reached.byOthers.has(property))
}

function auditProperty(audit: Audit, property: Property, place: KeyPlace): void {
  const { resolution, pairs, reached } = audit
  const other = findOtherSetting(place.name, scopesAt(place))
  if (property.key === 'config.providers') return
  if (property.key.startsWith('config.providers.')) sayProviderKey(resolution, property)
  else if (other === undefined && !isSettingName(place.name)) sayUnknown(audit, property)
  else if (pairs.enabled.length === 0 && pairs.elsewhere.length === 0) return
  else if (isOutside(place, pairs)) sayOutside(audit, property, place)
  else if (other !== undefined) sayOther(audit, property, other)
  else {
    const { properties } = resolution.file
    const context = { properties, flows: pairs.enabled, reached, isUsed: resolution.isUsed(property) }
    const { text, worksAs } = explainNoEffect(property, place, context)
    resolution.notice(property, 'no-effect', 'warning', text, worksAs)
  }
}

/** With the scopes that the user meant: what MirrorMaker 2 would not have done. */
function sayFollowed({ resolution, reached, pairs }: Audit, property: Property, place: KeyPlace): void {
  const isOfProcess = place.where === 'top' && place.role === undefined && isOwn(place.name)
  const isEnabling = /->.*\.enabled$/.test(property.key)
  if (reached.byCopying.has(property) || isOfProcess || isEnabling || isOutside(place, pairs)) return
  const text = 'is followed, which MirrorMaker 2 would not do at this place (twinlog.strict.mm2.scoping=false)'
  resolution.notice(property, 'changed', 'info', text)
}

function isOwn(name: string): boolean {
  return name.startsWith('twinlog.') || name === 'clusters' || name.startsWith('config.providers')
}

function scopesAt(place: KeyPlace): OtherSetting['scopes'][number][] {
  if (place.role !== undefined) return [place.role, 'client']
  if (place.side !== undefined) return ['client']
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

function sayOutside({ resolution, pairs }: Audit, property: Property, place: KeyPlace): void {
  const { elsewhere } = pairs
  const what = place.where === 'flow' ? `the flow ${place.source}->${place.target}` : `the cluster ${place.alias}`
  const isElsewhere = (pair: FlowPair): boolean =>
    flowName(pair) === `${place.source}->${place.target}` || pair.source === place.alias || pair.target === place.alias
  const why = elsewhere.some(isElsewhere)
    ? 'belongs to another process (--clusters)'
    : place.where === 'flow'
      ? 'is not enabled'
      : 'is in no enabled flow'
  const enabling = `${place.source}->${place.target}.enabled`
  const isForgotten = place.where === 'flow' && !resolution.file.properties.has(enabling)
  const remedy = isForgotten ? `; set ${enabling}=true, or write the line for a flow that copies` : ''
  resolution.notice(property, 'no-effect', isForgotten ? 'warning' : 'info', `has no effect: ${what} ${why}${remedy}`)
}

function sayOther({ resolution, reached, scoping }: Audit, property: Property, other: OtherSetting): void {
  const { status, why, harmless } = other
  const value = resolution.text(property).trim().toLowerCase()
  if (harmless?.includes(value) === true) return
  if (status === 'not-needed') resolution.notice(property, status, 'info', `is not needed: ${why}`)
  else if (status === 'not-done-yet') resolution.notice(property, status, 'warning', why)
  else if (scoping === 'meant' || reached.byCopying.has(property) || reached.byOthers.has(property))
    resolution.problems.add(property, why, 'Remove it.')
  else {
    const text = `has no effect at this place, in MirrorMaker 2 neither; elsewhere it is refused: ${why}`
    resolution.notice(property, 'no-effect', 'warning', text)
  }
}

function sayUnknown({ resolution, isStrict, pairs }: Audit, property: Property): void {
  const { cause, remedy } = explainUnknownKey(property, pairs.aliases)
  if (isStrict) resolution.problems.add(property, cause, remedy)
  else {
    const text = `${cause}${cause === 'is not a known setting' ? ' and' : ', so the line'} has no effect. ${remedy}`
    resolution.notice(property, 'unknown-key', 'warning', text.replace(/\.$/, ''))
  }
}

function sayDoubtful({ resolution }: Audit, property: Property, { name }: KeyPlace): void {
  for (const text of doubtfulValue(property, name)) resolution.notice(property, 'doubtful', 'warning', text)
}
