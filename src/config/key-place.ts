/** Where a key stands: at top level, under a cluster (`A.`), or under a flow (`A->B.`), and for which client. */
export interface KeyPlace {
  readonly where: 'top' | 'cluster' | 'flow'
  readonly alias?: string
  readonly source?: string
  readonly target?: string
  readonly role?: 'consumer' | 'producer' | 'admin'
  /** `source.consumer.`, `source.cluster.` and the like, which mean something under a flow only. */
  readonly side?: 'source' | 'target'
  /** `producer.override.` and the like, which mean something under a flow only. */
  readonly isOverride?: true
  /** The key without all that. */
  readonly name: string
}

/** Takes a key apart. Aliases may hold dots: the longest that fits counts. */
export function locateKey(key: string, aliases: readonly string[]): KeyPlace {
  const byLength = [...aliases].toSorted((one, other) => other.length - one.length)
  for (const source of byLength) {
    for (const target of byLength) {
      const prefix = `${source}->${target}.`
      if (key.startsWith(prefix)) return { where: 'flow', source, target, ...clientOf(key.slice(prefix.length)) }
    }
  }
  const alias = byLength.find((each) => key.startsWith(`${each}.`))
  if (alias !== undefined) return { where: 'cluster', alias, ...clientOf(key.slice(alias.length + 1)) }
  return { where: 'top', ...clientOf(key) }
}

function clientOf(key: string): Omit<KeyPlace, 'where'> {
  if (connectorKeys.includes(key)) return { name: key }
  const found = /^(?:(source|target)\.)?(?:(consumer|producer|admin)\.(override\.)?|cluster\.)(.+)$/.exec(key)
  const [, side, role, override, name = key] = found ?? []
  // `cluster.` alone is the beginning of no key.
  if (side === undefined && role === undefined) return { name: key }
  return {
    name,
    ...((side === 'source' || side === 'target') && { side }),
    ...((role === 'consumer' || role === 'producer' || role === 'admin') && { role }),
    ...(override !== undefined && { isOverride: true }),
  }
}

/** Keys of connectors and of the worker that look like those of clients. */
const connectorKeys = [
  'consumer.poll.timeout.ms',
  'admin.timeout.ms',
  'admin.listeners',
  'source.cluster.alias',
  'target.cluster.alias',
]
