/** A line of the JSON log. */
export interface LoggedEvent {
  readonly event: string
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** A figure of all flows together, as a status tells it. */
export function sumOverFlows(status: LoggedEvent, figure: 'recordsTotal' | 'gapsTotal'): number {
  const flows = status['flows'] as Readonly<Record<string, number>>[]
  return flows.reduce((sum, flow) => sum + (flow[figure] ?? 0), 0)
}

/** A figure of the flow, of its last status. */
export function figureOf(
  { status }: { readonly status: LoggedEvent | undefined },
  group: 'batches' | 'exceptions',
  name: string,
): number {
  const [flow] = (status?.['flows'] ?? []) as readonly Record<string, Readonly<Record<string, number>> | null>[]
  return flow?.[group]?.[name] ?? 0
}

/** How a duty of the first flow fares, as a status tells it. */
export function dutyOf(status: LoggedEvent | undefined, duty: string): Readonly<Record<string, unknown>> | undefined {
  const [flow] = (status?.['flows'] ?? []) as readonly { readonly duties: readonly Record<string, unknown>[] }[]
  return flow?.duties.find((one) => one['duty'] === duty)
}
