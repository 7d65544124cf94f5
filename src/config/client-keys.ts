/**
 * The 66 keys that MirrorMaker 2 inherits from top level and from a cluster into every client: MirrorClientConfig.CLIENT_CONFIG_DEF.
 * No other client key is inherited. (A test with the real jar compares the list.)
 */
export const inheritedClientKeys: readonly string[] = [
  'bootstrap.servers',
  'security.protocol',
  ...[
    'client.callback.handler.class', 'jaas.config', 'kerberos.kinit.cmd', 'kerberos.min.time.before.relogin',
    'kerberos.service.name', 'kerberos.ticket.renew.jitter', 'kerberos.ticket.renew.window.factor',
    'login.callback.handler.class', 'login.class', 'login.connect.timeout.ms', 'login.read.timeout.ms',
    'login.refresh.buffer.seconds', 'login.refresh.min.period.seconds', 'login.refresh.window.factor',
    'login.refresh.window.jitter', 'login.retry.backoff.max.ms', 'login.retry.backoff.ms', 'mechanism',
    'oauthbearer.assertion.algorithm', 'oauthbearer.assertion.claim.aud', 'oauthbearer.assertion.claim.exp.seconds',
    'oauthbearer.assertion.claim.iss', 'oauthbearer.assertion.claim.jti.include',
    'oauthbearer.assertion.claim.nbf.seconds', 'oauthbearer.assertion.claim.sub', 'oauthbearer.assertion.file',
    'oauthbearer.assertion.private.key.file', 'oauthbearer.assertion.private.key.passphrase',
    'oauthbearer.assertion.template.file', 'oauthbearer.client.credentials.client.id',
    'oauthbearer.client.credentials.client.secret', 'oauthbearer.clock.skew.seconds',
    'oauthbearer.expected.audience', 'oauthbearer.expected.issuer', 'oauthbearer.header.urlencode',
    'oauthbearer.jwks.endpoint.refresh.ms', 'oauthbearer.jwks.endpoint.retry.backoff.max.ms',
    'oauthbearer.jwks.endpoint.retry.backoff.ms', 'oauthbearer.jwks.endpoint.url', 'oauthbearer.jwt.retriever.class',
    'oauthbearer.jwt.validator.class', 'oauthbearer.scope', 'oauthbearer.scope.claim.name',
    'oauthbearer.sub.claim.name', 'oauthbearer.token.endpoint.url',
  ].map((key) => `sasl.${key}`),
  ...[
    'cipher.suites', 'enabled.protocols', 'endpoint.identification.algorithm', 'engine.factory.class', 'key.password',
    'keymanager.algorithm', 'keystore.certificate.chain', 'keystore.key', 'keystore.location', 'keystore.password',
    'keystore.type', 'protocol', 'provider', 'secure.random.implementation', 'trustmanager.algorithm',
    'truststore.certificates', 'truststore.location', 'truststore.password', 'truststore.type',
  ].map((key) => `ssl.${key}`),
]
