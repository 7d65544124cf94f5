import type { GroupReport } from '../control/group-report.ts'

/** Each group of each flow with its partitions, for people. */
export function groupLines(
  flows: readonly { readonly flow: string; readonly groups: readonly GroupReport[] }[],
): string[] {
  if (flows.length === 0)
    return ['no flow of this process looks at groups: they are switched off, or another process owns the flows']
  return flows.flatMap(({ flow, groups }) => [
    `${flow}: ${groups.length} ${groups.length === 1 ? 'group' : 'groups'}`,
    ...groups.flatMap(linesOf),
  ])
}

function linesOf({ group, type, state, reason, partitions = [] }: GroupReport): string[] {
  const kind = type === 'classic' ? '' : ` (${type} group)`
  const isTold = partitions.length === 0 || state === 'unreadable'
  return [
    `  ${group}${kind}: ${state}${isTold && reason !== null ? `, ${reason}` : ''}`,
    ...partitions.map((each) => {
      const { topic, partition, upstreamOffset, downstreamOffset, accuracy, since } = each
      const mapped = `${upstreamOffset} -> ${downstreamOffset ?? '?'}`
      const exactness = accuracy === 'exact' || accuracy === 'unknown' ? '' : ` (${accuracy})`
      const why = each.reason === null ? '' : `: ${each.reason}`
      return `    ${topic} ${partition}  ${mapped}${exactness}  ${each.state} since ${since}${why}`
    }),
  ]
}
