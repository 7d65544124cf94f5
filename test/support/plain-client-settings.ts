import type { ClientSettings } from '../../src/config/client-settings.ts'

/** Settings of a client for an open listener, with Kafka's defaults where tests do not care. */
export function plainClientSettings(bootstrap: string, clientId = 'test'): ClientSettings {
  return {
    bootstrapServers: bootstrap.split(','),
    securityProtocol: 'PLAINTEXT',
    clientId,
    clientDnsLookup: 'use_all_dns_ips',
    connectionSetupTimeoutMs: 10_000,
    connectionSetupTimeoutMaxMs: 30_000,
    requestTimeoutMs: 30_000,
    reconnectBackoffMs: 50,
    reconnectBackoffMaxMs: 1_000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1_000,
    connectionsMaxIdleMs: 540_000,
    metadataMaxAgeMs: 300_000,
  }
}
