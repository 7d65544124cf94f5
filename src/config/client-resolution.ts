import type { ClientSettings, SaslMechanism, SaslSettings, SecurityProtocol } from './client-settings.ts'
import { connectionSettings as settings, consumerSettings } from './connection-settings.ts'
import { parseJaasConfig } from './jaas.ts'
import type { Property } from './properties.ts'
import type { Resolution } from './resolution.ts'
import { Secret } from './secret.ts'
import type { ClientRole } from './setting.ts'
import { resolveTls } from './tls-resolution.ts'
import type { View } from './view.ts'

export interface ClientRequest {
  readonly alias: string
  readonly role: ClientRole
  /** The client id that MirrorMaker 2 would use, given the one that the user set, if any. */
  readonly clientId: (configured: string | undefined) => string
}

/**
 * Reads the settings of one client from its view. Problems go to the resolution; the result is usable only if there are none.
 * Source: CommonClientConfigs, ClientUtils.parseAndValidateAddresses.
 */
export function resolveClient(
  resolution: Resolution,
  view: View,
  { alias, role, clientId }: ClientRequest,
): ClientSettings {
  const read = <Key extends NumberKey>(key: Key): number => resolution.read(view, key, settings[key], role)
  const securityProtocol = resolution.read(view, 'security.protocol', settings['security.protocol'])
  const sasl = securityProtocol.startsWith('SASL') ? resolveSasl(resolution, view, alias) : undefined
  const clientRack = role === 'consumer' ? resolution.read(view, 'client.rack', consumerSettings['client.rack']) : ''
  return {
    bootstrapServers: resolveBootstrapServers(resolution, view, alias),
    securityProtocol,
    ...(usesTls(securityProtocol) && { tls: resolveTls(resolution, view) }),
    ...(sasl !== undefined && { sasl }),
    clientId: clientId(resolution.read(view, 'client.id', settings['client.id'])),
    ...(clientRack !== '' && { clientRack }),
    clientDnsLookup: resolution.read(view, 'client.dns.lookup', settings['client.dns.lookup']),
    connectionSetupTimeoutMs: read('socket.connection.setup.timeout.ms'),
    connectionSetupTimeoutMaxMs: read('socket.connection.setup.timeout.max.ms'),
    requestTimeoutMs: read('request.timeout.ms'),
    reconnectBackoffMs: read('reconnect.backoff.ms'),
    reconnectBackoffMaxMs: read('reconnect.backoff.max.ms'),
    retryBackoffMs: read('retry.backoff.ms'),
    retryBackoffMaxMs: read('retry.backoff.max.ms'),
    connectionsMaxIdleMs: read('connections.max.idle.ms'),
    metadataMaxAgeMs: read('metadata.max.age.ms'),
  }
}

type NumberKey = {
  [Key in keyof typeof settings]: (typeof settings)[Key]['default'] extends number ? Key : never
}[keyof typeof settings]

function usesTls(protocol: SecurityProtocol): boolean {
  return protocol === 'SSL' || protocol === 'SASL_SSL'
}

function resolveBootstrapServers(resolution: Resolution, view: View, alias: string): readonly string[] {
  const addresses = resolution.read(view, 'bootstrap.servers', settings['bootstrap.servers'])
  const property = view.get('bootstrap.servers')
  if (property === undefined || addresses === undefined || addresses.length === 0) {
    resolution.problems.add(
      property ?? `${alias}.bootstrap.servers`,
      `the cluster "${alias}" has no addresses`,
      `Set ${alias}.bootstrap.servers=host:port,...`,
    )
    return []
  }
  return addresses.flatMap((address) => normalizeAddress(resolution, property, address))
}

/** Kafka takes `host:port`, `[ipv6]:port`, an IPv6 address without brackets, and a protocol in front of each. */
function normalizeAddress(resolution: Resolution, property: Property, address: string): string[] {
  const found = /^(?:[\w\-%.]*:\/\/)?\[?([\w\-%.:]+?)\]?:(\d+)$/.exec(address)
  const port = Number(found?.[2])
  if (found === null || port < 1 || port > 65_535) {
    const several = /[;\s]/.test(address) ? ' Commas separate addresses.' : ''
    const remedy = `Write host:port, with a port from 1 to 65535.${several}`
    resolution.problems.add(property, `"${address}" is not an address`, remedy)
    return []
  }
  const host = found[1] ?? ''
  return [host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`]
}

const mechanisms: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']

function resolveSasl(resolution: Resolution, view: View, alias: string): SaslSettings | undefined {
  const { problems } = resolution
  const named = resolution.read(view, 'sasl.mechanism', settings['sasl.mechanism'])
  const mechanism = mechanisms.find((each) => each === named)
  const property = view.get('sasl.jaas.config')
  if (mechanism === undefined) {
    const at = view.get('sasl.mechanism') ?? `${alias}.sasl.mechanism`
    const cause =
      typeof at === 'string'
        ? "is not set, and Kafka's default GSSAPI (Kerberos) is not supported"
        : `${named} is not supported`
    problems.add(at, cause, `Use ${mechanisms.join(', ')}.`)
    if (property !== undefined) resolution.use(property)
    return undefined
  }
  if (property === undefined) {
    problems.add(
      `${alias}.sasl.jaas.config`,
      'user name and password are missing',
      `Set ${alias}.sasl.jaas.config=${moduleOf(mechanism)} required username="..." password="...";`,
    )
    return undefined
  }
  return resolveJaas(resolution, property, mechanism)
}

function moduleOf(mechanism: SaslMechanism): string {
  return `org.apache.kafka.common.security.${mechanism === 'PLAIN' ? 'plain.Plain' : 'scram.Scram'}LoginModule`
}

function resolveJaas(resolution: Resolution, property: Property, mechanism: SaslMechanism): SaslSettings | undefined {
  const { problems } = resolution
  const entry = parseJaasConfig(resolution.text(property))
  const remedy = `Write ${moduleOf(mechanism)} required username="..." password="...";`
  if ('problem' in entry) {
    problems.add(property, entry.problem, remedy)
    return undefined
  }
  const username = entry.options.get('username')
  const password = entry.options.get('password')
  if (entry.loginModule !== moduleOf(mechanism)) {
    problems.add(property, `the login module ${entry.loginModule} does not fit the mechanism ${mechanism}`, remedy)
  } else if (entry.options.get('tokenauth')?.toLowerCase() === 'true') {
    problems.add(property, 'delegation tokens (tokenauth) are not supported', 'Use a user name and a password.')
  } else if (username === undefined || password === undefined) {
    problems.add(property, `has no ${username === undefined ? 'username' : 'password'}`, remedy)
  } else {
    return { mechanism, username, password: new Secret(password) }
  }
  return undefined
}
