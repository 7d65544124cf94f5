import type { FlowPair } from './flow-pair.ts'
import { flowViews, scopingOf } from './flow-views.ts'
import type { PropertiesFile, Property } from './properties.ts'
import { connectorClientView, dataProducerView } from './view.ts'
import type { View } from './view.ts'

/** A part of the program (or of MirrorMaker 2) that reads settings: the process itself, or a part of a flow. */
export const readers = [
  'process',
  'flow',
  'worker',
  'source consumer',
  'source admin',
  'target admin',
  'target producer',
] as const

export type SettingReader = (typeof readers)[number]

/** Where the value of a setting comes from, for one reader. */
export interface SettingOrigin {
  /** The line that counts; null: no line says anything, so it is the default. */
  readonly winner: Property | null
  /** Lines that would count if those before them were not there, strongest first. */
  readonly losers: readonly Property[]
}

/**
 * Finds the line that a reader takes a setting from, and the ones that it beats. What beats what is not written down a second time here: the line that counts is
 * taken away, and the views are made again, until none is left.
 * @param pair   the flow; of no matter to the process
 */
export function settingOrigin(file: PropertiesFile, reader: SettingReader, pair: FlowPair, key: string): SettingOrigin {
  const left = new Map(file.properties)
  const found: Property[] = []
  for (;;) {
    const property = viewOf(reader, left, pair).get(key)
    if (property === undefined) break
    found.push(property, ...file.replaced.filter((each) => each.key === property.key).toReversed())
    left.delete(property.key)
  }
  const [winner = null, ...losers] = found
  return { winner, losers }
}

function viewOf(reader: SettingReader, properties: View, pair: FlowPair): View {
  if (reader === 'process') return properties
  const { connector, worker } = flowViews(properties, pair, scopingOf(properties))
  switch (reader) {
    case 'worker':
      return worker
    case 'flow':
      return connector
    case 'source consumer':
      return connectorClientView(connector, 'source', 'consumer')
    case 'source admin':
      return connectorClientView(connector, 'source', 'admin')
    case 'target admin':
      return connectorClientView(connector, 'target', 'admin')
    case 'target producer':
      return dataProducerView(worker, connector)
  }
}
