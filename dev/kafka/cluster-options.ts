import type { KafkaVersion } from './install.ts'

export type ListenerSecurity = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

export interface KafkaUser {
  readonly name: string
  readonly password: string
}

/** What startCluster is asked for; everything has a default. */
export interface ClusterOptions {
  /** Brokers, each also a controller (KRaft); ids are 1, 2, 3. Default 1. */
  readonly brokers?: 1 | 3
  readonly version?: KafkaVersion
  /** Broker settings, laid over the kit's own. */
  readonly properties?: Readonly<Record<string, string>>
  /** Protocol of the listener that `bootstrap` names. Default PLAINTEXT. */
  readonly security?: ListenerSecurity
  /** Who may log in with SASL: each with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly users?: readonly KafkaUser[]
  /**
   * Switches the authorizer on. Without rules nobody may do anything on the client listener; the internal listener is the
   * super user's.
   */
  readonly authorizer?: boolean
  /** broker.rack of each broker; also lets consumers fetch from the nearest replica. */
  readonly racks?: readonly string[]
  /** Address or name that the client listener binds to and advertises. Default 127.0.0.1. */
  readonly host?: '127.0.0.1' | 'localhost' | '::1'
  /**
   * Puts a fault-injecting proxy before each broker's client listener, which then advertises the proxy.
   * 'frames' follows Kafka's requests and answers (not through TLS), 'bytes' only forwards. true means 'frames' where
   * the listener is not encrypted.
   */
  readonly proxy?: boolean | 'frames' | 'bytes'
  /** Largest heap of each broker, as in -Xmx. Default 512m. */
  readonly heap?: string
  /**
   * Whether the JVMs are set to start fast and to leave the machine's cores alone (one quick compiler, a serial
   * collector), rather than to carry load. Default: true, unless `heap` is given.
   */
  readonly isLight?: boolean
  /** Further options of the brokers' JVMs. */
  readonly jvmOptions?: readonly string[]
  /** Level of the brokers' logs (see KafkaBroker.logFile). Default WARN. */
  readonly logLevel?: 'ERROR' | 'WARN' | 'INFO' | 'DEBUG'
  /** How long one broker may take until it answers. Default 90,000: a busy machine starts them slowly. */
  readonly readyTimeoutMs?: number
}
