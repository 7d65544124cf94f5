import type { FlowPair } from './flow-pair.ts'
import type { PropertiesFile } from './properties.ts'
import { settingOrigin } from './setting-origin.ts'

/** Where a list of rules may stand, and under which former name. */
const formerNames: Readonly<Record<string, string>> = {
  'topics.exclude': 'topics.blacklist',
  'groups.exclude': 'groups.blacklist',
}

/** @returns where the rules of a flow's filter stand: `line 7`, or `default` */
export function ruleLine(
  file: PropertiesFile,
  pair: FlowPair,
  key: 'topics' | 'topics.exclude' | 'groups' | 'groups.exclude',
): string {
  const names = [key, ...(formerNames[key] === undefined ? [] : [formerNames[key]])]
  const winner = names.map((name) => settingOrigin(file, 'flow', pair, name).winner).find((found) => found !== null)
  return winner === undefined ? 'default' : `line ${winner?.line}`
}
