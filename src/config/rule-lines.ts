import type { FlowPair } from './flow-pair.ts'
import type { PropertiesFile } from './properties.ts'
import { settingOrigin } from './setting-origin.ts'

/** Where the two lists of a flow's filter stand, for people: `line 7`, or `default`. */
export interface RuleLines {
  readonly include: string
  readonly exclude: string
}

/** @param key   of the include list; the exclude list may also have its former name */
export function ruleLines(file: PropertiesFile, pair: FlowPair, key: 'topics' | 'groups'): RuleLines {
  return {
    include: lineOf(file, pair, [key]),
    exclude: lineOf(file, pair, [`${key}.exclude`, `${key}.blacklist`]),
  }
}

function lineOf(file: PropertiesFile, pair: FlowPair, names: readonly string[]): string {
  for (const name of names) {
    const { winner } = settingOrigin(file, 'flow', pair, name)
    if (winner !== null) return `line ${winner.line}`
  }
  return 'default'
}
