import { flowSettings } from './flow-settings.ts'
import { processSettings } from './process-settings.ts'
import type { Property } from './properties.ts'
import type { Resolution } from './resolution.ts'
import { explainUnknownKey } from './unknown-key.ts'

/** A flow from one cluster to another, by their aliases. */
export interface FlowPair {
  readonly source: string
  readonly target: string
}

export interface FlowPairs {
  readonly aliases: readonly string[]
  /** Flows that copy and whose target this process serves. */
  readonly enabled: readonly FlowPair[]
  /** Flows that copy, but into a target that another process serves. */
  readonly elsewhere: readonly FlowPair[]
  /** Pairs that MirrorMaker 2 would start a worker for, only to write heartbeats. */
  readonly heartbeatOnly: readonly FlowPair[]
}

/** @returns the name of a flow as it is written in the file */
export function flowName({ source, target }: FlowPair): string {
  return `${source}->${target}`
}

/**
 * Which flows exist. Those copy that say `A->B.enabled=true`; where a flow does not say, `enabled` at top level counts for each pair that MirrorMaker 2 starts
 * a worker for because of its heartbeats. Source: MirrorMakerConfig.clusterPairs and connectorBaseConfig.
 * @param clusters   the targets that this process serves; empty: all
 */
export function flowPairs(resolution: Resolution, clusters: readonly string[]): FlowPairs {
  const aliases = readAliases(resolution)
  const enabled: FlowPair[] = []
  const elsewhere: FlowPair[] = []
  const heartbeatOnly: FlowPair[] = []
  for (const source of aliases) {
    for (const target of aliases) {
      if (source === target) continue
      const pair = { source, target }
      const isServed = clusters.length === 0 || clusters.includes(target)
      if (isEnabled(resolution, pair)) (isServed ? enabled : elsewhere).push(pair)
      else if (isServed && emitsHeartbeats(resolution, pair)) heartbeatOnly.push(pair)
    }
  }
  for (const cluster of clusters) {
    if (aliases.includes(cluster)) continue
    resolution.problems.add(
      'clusters',
      `--clusters names "${cluster}", which is not among the clusters ${aliases.join(', ')}`,
      'Correct the name.',
    )
  }
  refuseUnknownAliases(resolution, aliases)
  return { aliases, enabled, elsewhere, heartbeatOnly }
}

/** Without the line, the aliases that have addresses stand for it, so that other problems can be told all the same. */
function readAliases(resolution: Resolution): readonly string[] {
  const { properties } = resolution.file
  const aliases = resolution.read(properties, 'clusters', processSettings.clusters)
  if (aliases !== undefined && aliases.length > 0) return aliases
  const guessed = [...properties.keys()].flatMap((key) => /^([^>]+)\.bootstrap\.servers$/.exec(key)?.[1] ?? [])
  resolution.problems.add(
    properties.get('clusters') ?? 'clusters',
    aliases === undefined ? 'is missing' : 'names no cluster',
    `List the aliases of all clusters: clusters=${guessed.length < 2 ? 'A,B' : guessed.join(',')}.`,
  )
  return guessed
}

function isEnabled(resolution: Resolution, pair: FlowPair): boolean {
  const { properties } = resolution.file
  const key = `${flowName(pair)}.enabled`
  if (properties.has(key)) return resolution.read(properties, key, flowSettings.enabled)
  return resolution.read(properties, 'enabled', flowSettings.enabled) && emitsHeartbeats(resolution, pair)
}

/** MirrorMaker 2 reads these leniently: whatever is not "true" is false. */
function emitsHeartbeats(resolution: Resolution, pair: FlowPair): boolean {
  const { properties } = resolution.file
  const property =
    properties.get(`${flowName(pair)}.emit.heartbeats.enabled`) ?? properties.get('emit.heartbeats.enabled')
  return property === undefined || resolution.text(property).toLowerCase() === 'true'
}

/** A flow with an alias that `clusters` does not have would silently not exist. */
function refuseUnknownAliases(resolution: Resolution, aliases: readonly string[]): void {
  for (const property of resolution.file.properties.values()) {
    const found = /^(.+?)->(.+)\.enabled$/.exec(property.key)
    if (found === null) continue
    const [, source = '', target = ''] = found
    const isUnknown = [source, target].some((alias) => !aliases.includes(alias))
    if (isUnknown && !isFlowKey(property.key, aliases)) {
      const { cause, remedy } = explainUnknownKey(property, aliases)
      resolution.use(property)
      resolution.problems.add(property, cause, remedy)
    } else if (source === target) sayItself(resolution, property)
  }
}

/** `A->B.emit.heartbeats.enabled` ends in .enabled as well. */
function isFlowKey(key: string, aliases: readonly string[]): boolean {
  return aliases.some((source) => aliases.some((target) => key.startsWith(`${source}->${target}.`)))
}

function sayItself(resolution: Resolution, property: Property): void {
  resolution.use(property)
  resolution.notice(property, 'no-effect', 'warning', 'a cluster is never copied to itself')
}
