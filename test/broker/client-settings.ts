import { readFileSync } from 'node:fs'
import type { KafkaUser } from '../../dev/kafka/cluster-options.ts'
import type { TlsFiles } from '../../dev/kafka/certificates.ts'
import type { ClientSettings, SaslMechanism } from '../../src/config/client-settings.ts'
import { Secret } from '../../src/config/secret.ts'

export interface SettingsOptions {
  readonly tls?: TlsFiles
  readonly hasClientCertificate?: boolean
  readonly user?: KafkaUser
  readonly mechanism?: SaslMechanism
}

/** Client settings for a cluster of the kit, as its mm2.properties would give them. */
export function clientSettings(bootstrap: string, options: SettingsOptions = {}): ClientSettings {
  const { tls, user, mechanism = 'PLAIN', hasClientCertificate = false } = options
  const security = tls === undefined ? 'PLAINTEXT' : 'SSL'
  const files = hasClientCertificate && tls !== undefined
  return {
    bootstrapServers: bootstrap.split(','),
    securityProtocol: user === undefined ? security : tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL',
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ca: readFileSync(tls.ca, 'utf8'),
            verifyHostname: true,
            ...(files
              ? {
                  certificateChain: readFileSync(tls.clientCert, 'utf8'),
                  key: new Secret(readFileSync(tls.clientKey, 'utf8')),
                }
              : {}),
          },
        }),
    ...(user === undefined ? {} : { sasl: { mechanism, username: user.name, password: new Secret(user.password) } }),
    clientId: 'test',
    clientDnsLookup: 'use_all_dns_ips',
    connectionSetupTimeoutMs: 10_000,
    connectionSetupTimeoutMaxMs: 30_000,
    requestTimeoutMs: 20_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1000,
    connectionsMaxIdleMs: 540_000,
    metadataMaxAgeMs: 300_000,
  }
}
