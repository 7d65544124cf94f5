import type { Secret } from './secret.ts'

/** Kafka's security.protocol. */
export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

/** The mechanisms of sasl.mechanism that twinlog has. */
export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** Kafka's client.dns.lookup. */
export type ClientDnsLookup = 'use_all_dns_ips' | 'resolve_canonical_bootstrap_servers_only'

/** What the ssl.* settings say, in the form that Node's `tls` takes. PEM texts may hold several certificates. */
export interface TlsSettings {
  /** Trusted certificates (PEM); absent: the system's. From ssl.truststore.certificates or .location (type PEM). */
  readonly ca?: string
  /** Our certificate and its chain (PEM). */
  readonly certificateChain?: string
  /** Our private key (PEM). */
  readonly key?: Secret
  /** Passphrase of `key` or of `pfx`. */
  readonly keyPassphrase?: Secret
  /** Our key and certificates as the bytes of a PKCS12 store, instead of `certificateChain` and `key`. */
  readonly pfx?: Uint8Array
  /** False when ssl.endpoint.identification.algorithm is empty: the chain is checked, the host name is not. */
  readonly verifyHostname: boolean
  /** Java's names, for example TLSv1.2. Absent: TLSv1.2 and TLSv1.3. */
  readonly enabledProtocols?: readonly string[]
  /** Names as the IANA (and so Java) spells them. */
  readonly cipherSuites?: readonly string[]
}

export interface SaslSettings {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: Secret
}

/** One client of one cluster, as its settings describe it. Times in ms. */
export interface ClientSettings {
  /** `host:port`, IPv6 hosts in square brackets; never empty. */
  readonly bootstrapServers: readonly string[]
  readonly securityProtocol: SecurityProtocol
  /** Present exactly when securityProtocol is SSL or SASL_SSL. */
  readonly tls?: TlsSettings
  /** Present exactly when securityProtocol is SASL_PLAINTEXT or SASL_SSL. */
  readonly sasl?: SaslSettings
  readonly clientId: string
  readonly clientRack?: string
  readonly clientDnsLookup: ClientDnsLookup
  readonly connectionSetupTimeoutMs: number
  readonly connectionSetupTimeoutMaxMs: number
  readonly requestTimeoutMs: number
  readonly reconnectBackoffMs: number
  readonly reconnectBackoffMaxMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  /** Negative: never closed for idling. */
  readonly connectionsMaxIdleMs: number
  readonly metadataMaxAgeMs: number
}
