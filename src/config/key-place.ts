/** Where a key stands: at top level, under a cluster (`A.`), or under a flow (`A->B.`), and for which client. */
export interface KeyPlace {
  readonly where: 'top' | 'cluster' | 'flow'
  readonly alias?: string
  readonly source?: string
  readonly target?: string
  readonly role?: 'consumer' | 'producer' | 'admin'
  /** Only under a flow: `source.consumer.` and the like. */
  readonly side?: 'source' | 'target'
  /** The key without all that. */
  readonly name: string
}

/** Takes a key apart. Aliases may hold dots: the longest that fits counts. */
export function locateKey(key: string, aliases: readonly string[]): KeyPlace {
  const byLength = [...aliases].toSorted((one, other) => other.length - one.length)
  for (const source of byLength) {
    for (const target of byLength) {
      const prefix = `${source}->${target}.`
      if (key.startsWith(prefix)) return { where: 'flow', source, target, ...clientOf(key.slice(prefix.length), true) }
    }
  }
  const alias = byLength.find((each) => key.startsWith(`${each}.`))
  if (alias !== undefined) return { where: 'cluster', alias, ...clientOf(key.slice(alias.length + 1), false) }
  return { where: 'top', ...clientOf(key, false) }
}

function clientOf(key: string, isFlow: boolean): Pick<KeyPlace, 'role' | 'side' | 'name'> {
  if (isConnectorKey(key)) return { name: key }
  const found = /^(?:(source|target)\.)?(consumer|producer|admin)\.(?:override\.)?(.+)$/.exec(key)
  const [, side, role, name = key] = found ?? []
  if (found === null || (side !== undefined && !isFlow)) {
    const cluster = isFlow ? /^(source|target)\.cluster\.(.+)$/.exec(key) : null
    return cluster === null || cluster[2] === 'alias' ? { name: key } : { name: cluster[2] ?? key }
  }
  return {
    name,
    ...((side === 'source' || side === 'target') && { side }),
    ...((role === 'consumer' || role === 'producer' || role === 'admin') && { role }),
  }
}

/** Two keys of connectors that look like those of clients. */
function isConnectorKey(key: string): boolean {
  return key === 'consumer.poll.timeout.ms' || key === 'admin.timeout.ms'
}
