import type { ErrorEntry } from './catalogue.ts'

/** Errors of connections to brokers, of logins, and what brokers answer to calls: a part of the catalogue in errors.ts. */
export const connectionErrors = {
  HOST_UNRESOLVED: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: the host name of broker {broker} cannot be resolved ({reason}). Check bootstrap.servers, the advertised.listeners of the brokers, and DNS.',
  },
  CONNECTION_REFUSED: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: broker {broker} refused the connection at {address}. Check that it runs and that the port is right (bootstrap.servers, advertised.listeners).',
  },
  CONNECTION_TIMED_OUT: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: no connection to broker {broker} at {address} within {timeoutMs} ms ({step}). Check network and firewall; socket.connection.setup.timeout.ms sets the time.',
  },
  CONNECTION_FAILED: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: the connection to broker {broker} at {address} failed during {step}: {reason}.',
  },
  CONNECTION_LOST: {
    kind: 'operational',
    action: 'refresh-metadata',
    text: 'Cluster {cluster}: the connection to broker {broker} ended before the answer to {api} came, after {elapsedMs} ms (request flushed: {flushed}): {reason}.',
  },
  CONNECTION_CLOSED: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: the connection to broker {broker} is closed: {reason}.',
  },
  REQUEST_TIMED_OUT: {
    kind: 'operational',
    action: 'refresh-metadata',
    text: 'Cluster {cluster}: broker {broker} did not answer {api} within {timeoutMs} ms (request flushed: {flushed}). The connection is given up; request.timeout.ms sets the time.',
  },
  BROKER_SILENT: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: {broker} took the connection but did not answer its first request within {timeoutMs} ms. It hangs, or is no Kafka broker: check host and port.',
  },
  TLS_NOT_SPOKEN: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: broker {broker} does not speak TLS at {address} ({reason}). Set security.protocol={plain}, or give the address of a TLS listener.',
  },
  TLS_CERTIFICATE_REFUSED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: the certificate of broker {broker} was not accepted: {reason}. {remedy}',
  },
  TLS_CLIENT_REFUSED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: broker {broker} refused our side of the TLS handshake: {reason}. It may ask for a client certificate that it trusts (ssl.keystore.certificate.chain and ssl.keystore.key, or ssl.keystore.location), or for other ssl.enabled.protocols or ssl.cipher.suites.',
  },
  TLS_SETTINGS_INVALID: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: the ssl.* settings cannot be used: {reason}. Check ssl.truststore.*, ssl.keystore.*, ssl.key.password and ssl.cipher.suites.',
  },
  PEER_SPEAKS_TLS: {
    kind: 'configuration',
    action: 'stop',
    text: '{peer} speaks TLS, but security.protocol says it is a plain listener. Set security.protocol=SSL (or SASL_SSL), or give the address of a plain listener.',
  },
  PEER_SPEAKS_HTTP: {
    kind: 'configuration',
    action: 'stop',
    text: '{peer} speaks HTTP: it is no Kafka broker. Check host and port in bootstrap.servers.',
  },
  FRAME_LENGTH_INVALID: {
    kind: 'operational',
    action: 'retry',
    text: '{peer} sent a frame with the length {lengthBytes}: it is no Kafka broker, or the stream is corrupt. The connection is given up; check host and port.',
  },
  FRAME_TOO_LARGE: {
    kind: 'operational',
    action: 'retry',
    text: '{peer} announced a frame of {lengthBytes} bytes; the limit is {limitBytes}. It is no Kafka broker, or a fetch answer is larger than twinlog takes (fetch.max.bytes, max.partition.fetch.bytes). The connection is given up.',
  },
  ANSWER_INVALID: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: the answer of broker {broker} to {api} cannot be understood: {reason}.',
  },
  SASL_MECHANISM_UNSUPPORTED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: broker {broker} does not offer sasl.mechanism={mechanism}; it offers: {offered}. Set one of these, or enable it at the broker (sasl.enabled.mechanisms).',
  },
  SASL_AUTHENTICATION_FAILED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: broker {broker} refused the log-in of user {username} with {mechanism}: {reason}. Check username and password in sasl.jaas.config.',
  },
  SASL_SERVER_UNPROVEN: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: broker {broker} could not prove that it knows the password of user {username} ({mechanism}): {reason}. It may not be the broker it claims to be; the connection is given up.',
  },
  SASL_NOT_ENABLED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: the listener of broker {broker} does not use SASL. Set security.protocol={plain}, or give the address of a SASL listener.',
  },
  INTERNAL_TOPIC_NOT_COMPACTED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: topic {topic} has cleanup.policy={policy}; it has to be exactly "compact", or what it stores is lost in time. Set it (kafka-configs.sh --alter --topic {topic} --add-config cleanup.policy=compact).',
  },
  INTERNAL_TOPIC_MISSING: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: topic {topic} does not exist and could not be created ({reason}). Create it with cleanup.policy=compact and {partitions} partitions, or give the user of twinlog the permission to do so.',
  },
  INTERNAL_TOPIC_REPLICAS: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster} does not make topic {topic} with {replicationFactor} replicas: {reason}. Set {setting} to at most the number of its brokers, or to -1 for their default.',
  },
  API_UNSUPPORTED: {
    kind: 'operational',
    action: 'stop',
    text: 'Cluster {cluster}: broker {broker} and twinlog share no version of {api}: the broker has {offered}, twinlog {known}.',
  },
  CLUSTER_UNREACHABLE: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: none of its brokers can be reached ({addresses}). The last reason: {reason}',
  },
  BROKER_UNKNOWN: {
    kind: 'operational',
    action: 'refresh-metadata',
    text: 'Cluster {cluster} has no broker {nodeId} now. It was removed, or is down.',
  },
  KAFKA_RETRIABLE: {
    kind: 'operational',
    action: 'retry',
    text: 'Cluster {cluster}: {broker} answered {api} with {error} ({detail}). This passes by itself as a rule.',
  },
  KAFKA_METADATA_STALE: {
    kind: 'operational',
    action: 'refresh-metadata',
    text: 'Cluster {cluster}: {broker} answered {api} with {error} ({detail}). Leaders, coordinators and topics are looked up anew.',
  },
  KAFKA_REJOIN_NEEDED: {
    kind: 'operational',
    action: 'rejoin',
    text: 'Cluster {cluster}: {broker} answered {api} with {error} ({detail}). The group has to be joined again.',
  },
  KAFKA_FENCED: {
    kind: 'operational',
    action: 'fence',
    text: 'Cluster {cluster}: {broker} answered {api} with {error} ({detail}). Another process has taken over.',
  },
  KAFKA_REFUSED: {
    kind: 'operational',
    action: 'stop',
    text: 'Cluster {cluster}: {broker} refused {api} with {error} ({detail}).',
  },
  KAFKA_UNAUTHORIZED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: {broker} refused {api} with {error} ({detail}). Give the user of twinlog the permission (kafka-acls.sh), or use another user.',
  },
  PRODUCER_REPLACED: {
    kind: 'operational',
    action: 'fence',
    text: 'Cluster {cluster}: another process has taken over the transactional id {transactionalId}, so this one writes nothing more. Does a second twinlog run with the same group.id?',
  },
  STORE_FENCED: {
    kind: 'operational',
    action: 'fence',
    text: 'Cluster {cluster}: topic {topic} takes nothing from this process any more ({error}), because another process has taken it over. Nothing more is written.',
  },
} as const satisfies Record<string, ErrorEntry>
