import { Readable } from 'node:stream'
import fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { healthOf } from '../control/health.ts'
import type { OffsetQuery } from '../control/offset-query.ts'
import type { StatusReport } from '../control/status-report.ts'
import type { TranslatedOffset } from '../control/translated-offset.ts'
import type { EventLevel } from '../observe/event.ts'
import { eventLevels } from '../observe/log-level.ts'
import type { LogLevel } from '../observe/log-level.ts'
import type { MetricFamily, MetricName } from '../observe/metric-catalogue.ts'
import type { MetricReader } from '../observe/metric.ts'
import { metricsContentTypes, metricsText } from '../observe/metrics-text.ts'
import { acceptedFormat } from './accepted-format.ts'

export interface ObservationSources {
  /** @param hasGroupPartitions   whether each partition of each group is told of */
  status(hasGroupPartitions: boolean): StatusReport
  /** Empty where nobody knows of what is asked for. */
  offsets(query: OffsetQuery): readonly TranslatedOffset[]
  /** Of this moment. */
  metrics(): Readonly<Record<MetricName, MetricReader>>
  readonly logLevel: LogLevel
}

const paths = {
  '/metrics': 'for Prometheus; ?names=twinlog or ?names=mirrormaker for one half',
  '/health/live': 'the process answers',
  '/health/ready': 'its flows copy, or stand by for a process that does',
  '/status':
    'flows, topics and groups, as `twinlog status` shows them; with ?groups=partitions each partition of each group',
  '/groups': 'consumer groups and how each fares in each partition; ?group=NAME for one',
  '/offsets':
    '?group=NAME, or ?topic=T&partition=P&offset=O with &from=source (the default) or &from=target: offsets on the other side',
  '/log/level': 'GET, and from this machine PUT, with error, warn, info, debug or trace as body',
} as const

/**
 * What a process tells over HTTP. Everything is read-only but the log level, which only programs on this machine may set.
 * @returns a server that does not listen yet; to be closed by whoever made it
 */
export function createObservationServer(sources: ObservationSources): FastifyInstance {
  const server = fastify({ forceCloseConnections: true, logger: false })
  // curl -d says that it sends a form.
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  server.get('/', () => ({ version: sources.status(false).version, paths }))
  server.get('/metrics', (request, reply) => sendMetrics(sources, request, reply))
  server.get('/health/live', () => ({ status: 'live' }))
  server.get('/health/ready', (_request, reply) => {
    const { isReady, reasons, warnings } = healthOf(sources.status(false).flows)
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready', reasons, warnings })
  })
  server.get('/status', (request) => sources.status(paramOf(request, 'groups') === 'partitions'))
  server.get('/groups', (request) => groupsOf(sources, paramOf(request, 'group')))
  server.get('/offsets', (request, reply) => sendOffsets(sources, request, reply))
  server.get('/log/level', () => ({ level: sources.logLevel.current }))
  server.put('/log/level', (request, reply) => setLogLevel(sources.logLevel, request, reply))
  server.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `Nothing is served at ${request.method} ${request.url}`, paths }),
  )
  return server
}

function paramOf({ query }: FastifyRequest, name: string): string | undefined {
  const value = (query as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : undefined
}

function groupsOf({ status }: ObservationSources, group: string | undefined) {
  const flows = status(true).flows.filter(({ groups }) => groups !== null)
  return {
    flows: flows.map(({ flow, groups }) => ({
      flow,
      groups: (groups ?? []).filter((each) => group === undefined || each.group === group),
    })),
  }
}

function sendOffsets({ offsets }: ObservationSources, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = offsetQueryOf(request)
  if (asked === null)
    return reply
      .code(400)
      .send({ error: 'Ask with ?group=NAME, or with ?topic=T&partition=P&offset=O&from=source|target' })
  const found = offsets(asked)
  if (found.length > 0) return reply.send({ offsets: found })
  return reply.code(404).send({ error: 'No flow that this process owns knows of it', offsets: [] })
}

function offsetQueryOf(request: FastifyRequest): OffsetQuery | null {
  const group = paramOf(request, 'group')
  if (group !== undefined) return { group }
  const topic = paramOf(request, 'topic')
  const [partition, offset] = [paramOf(request, 'partition'), paramOf(request, 'offset')].map(naturalOf)
  const from = paramOf(request, 'from') ?? 'source'
  if (topic === undefined || partition === undefined || offset === undefined) return null
  return from === 'source' || from === 'target' ? { topic, partition, offset, from } : null
}

function naturalOf(text: string | undefined): number | undefined {
  const number = text === undefined || !/^\d{1,16}$/.test(text) ? Number.NaN : Number(text)
  return Number.isSafeInteger(number) ? number : undefined
}

function sendMetrics({ metrics }: ObservationSources, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { names } = request.query as { names?: unknown }
  if (names !== undefined && names !== 'twinlog' && names !== 'mirrormaker')
    return reply.code(400).send({ error: `names is twinlog or mirrormaker, not ${String(names).slice(0, 60)}` })
  const format = acceptedFormat(request.headers.accept)
  const text = metricsText(metrics(), format, names as MetricFamily | undefined)
  return reply.type(metricsContentTypes[format]).send(Readable.from(text))
}

function setLogLevel(logLevel: LogLevel, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { remoteAddress = '' } = request.socket
  if (!isLoopback(remoteAddress))
    return reply.code(403).send({ error: 'The log level is set from the machine that twinlog runs on only' })
  const asked = levelIn(request.body)
  if (asked === undefined)
    return reply.code(400).send({ error: `The body is one of ${eventLevels.join(', ')}, or {"level":"debug"}` })
  logLevel.set(asked, 'PUT /log/level')
  return reply.send({ level: logLevel.current })
}

function levelIn(body: unknown): EventLevel | undefined {
  const level: unknown = typeof body === 'object' && body !== null && 'level' in body ? body.level : body
  return eventLevels.find((each) => typeof level === 'string' && each === level.trim().toLowerCase())
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\./.test(address) || address === '::1'
}
