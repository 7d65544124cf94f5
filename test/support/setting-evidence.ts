import assert from 'node:assert/strict'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import { FETCH, PRODUCE } from './answer-faults.ts'
import type { RequestHeader } from './kafka-frames.ts'
import type { LoggedEvent } from './logged-event.ts'
import type { Mirror } from './mirror.ts'
import { readFetchFields } from './request-fields.ts'
import type { TcpProxy } from './tcp-proxy.ts'

/** A request that came to one of the clusters. */
export interface SeenRequest {
  readonly header: RequestHeader
  readonly frame: Buffer
}

/** What a run of twinlog with certain settings left to be judged. */
export interface SettingEvidence {
  readonly twinlog: Mirror
  readonly toSource: readonly SeenRequest[]
  readonly toTarget: readonly SeenRequest[]
}

/** Notes requests, or of answers those to Fetch, until it is disposed of. */
export function watchProxy(proxy: TcpProxy, what: 'requests' | 'answers', seen: SeenRequest[]): Disposable {
  if (what === 'requests')
    return proxy.onRequest((header, frame) => {
      seen.push({ header, frame })
      return 'forward'
    })
  return proxy.onAnswer((header, _request, frame) => {
    if (header.apiKey === FETCH) seen.push({ header, frame })
    return 'forward'
  })
}

export function proxyOf(cluster: KafkaCluster): TcpProxy {
  const { proxy } = cluster.broker(1)
  assert.ok(proxy !== undefined)
  return proxy
}

/** Requests that write copied records: not positions, not the ledger. */
export function copies(requests: readonly SeenRequest[]): SeenRequest[] {
  return requests.filter(
    ({ header, frame }) => header.apiKey === PRODUCE && frame.includes('set.') && !frame.includes('.internal'),
  )
}

export function requestsTo(requests: readonly SeenRequest[], topic: string): SeenRequest[] {
  return requests.filter(({ header, frame }) => header.apiKey === PRODUCE && frame.includes(topic))
}

export function clientsOf(requests: readonly SeenRequest[], apiKey: number): (string | undefined)[] {
  return [...new Set(requests.filter(({ header }) => header.apiKey === apiKey).map(({ header }) => header.clientId))]
}

export function assertFetched(
  { toSource }: SettingEvidence,
  field: keyof ReturnType<typeof readFetchFields>,
  expected: unknown,
): void {
  const fetches = toSource.filter(({ header }) => header.apiKey === FETCH)
  assert.deepEqual([...new Set(fetches.map(({ header, frame }) => readFetchFields(header, frame)[field]))], [expected])
}

export function failedConnections(twinlog: Mirror, cluster: string): LoggedEvent[] {
  return twinlog.eventsOf('ConnectionFailed').filter((event) => event['cluster'] === cluster)
}

/** How long after the answer that was lost the source was connected to again, in ms; nothing else kept it from being reached. */
export function firstReconnectionMs(twinlog: Mirror): number {
  const lostAtMs = timeOf(twinlog.eventsOf('ConnectionFailed').find(({ cluster }) => cluster === 'set'))
  const opened = twinlog
    .eventsOf('ConnectionOpened')
    .filter(({ cluster, role }) => cluster === 'set' && role === undefined)
  return timeOf(opened.find((event) => timeOf(event) >= lostAtMs)) - lostAtMs
}

function timeOf(event: LoggedEvent | undefined): number {
  return Date.parse(String(event?.['time']))
}

/** Pauses before calls to the source were tried again, in ms. */
export function retryDelays(twinlog: Mirror): number[] {
  return twinlog
    .eventsOf('CallRetried')
    .filter(({ cluster }) => cluster === 'set')
    .map(({ delayMs }) => Number(delayMs))
}

export function reasonOf(twinlog: Mirror, topic: string): string {
  return String(twinlog.eventsOf('PartitionStopped').find((event) => event['topic'] === topic)?.['reason'])
}

export function messageOf(error: unknown): string {
  return error instanceof Object && 'message' in error ? String(error.message) : String(error)
}
