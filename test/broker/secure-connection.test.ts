import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { metadataV12 } from '@platformatic/kafka'
import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import type { ClientSettings, SaslMechanism } from '../../src/config/client-settings.ts'
import { Secret } from '../../src/config/secret.ts'
import { BrokerConnection } from '../../src/kafka/broker-connection.ts'
import type { ConnectionOptions } from '../../src/kafka/broker-connection.ts'
import { parseBootstrapServer } from '../../src/kafka/broker-address.ts'
import { ClusterClient } from '../../src/kafka/cluster-client.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createTopics } from '../../src/kafka/admin.ts'
import { ArenaPool } from '../../src/kafka/frame-arena.ts'
import { clientSettings } from './client-settings.ts'

const { signal } = new AbortController()
const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
const user = { name: 'mirror', password: 'mirror-secret' }
const arenas = new ArenaPool({ arenaBytes: 4096 })

function connect(settings: ClientSettings, options: Partial<ConnectionOptions> = {}, host?: string) {
  const address = parseBootstrapServer(settings.bootstrapServers[0] ?? '')
  const broker = host === undefined ? address : { ...address, host }
  return BrokerConnection.connect(broker, settings, { signal, arenas, role: 'control', cluster: 'eu', ...options })
}

async function assertServes(connection: BrokerConnection): Promise<void> {
  const answer = await metadataV12.api.async(connection.withTimeout(10_000), [], false, false)
  assert.equal(answer.brokers.length, 1)
}

function withTls(settings: ClientSettings, changes: Partial<NonNullable<ClientSettings['tls']>>): ClientSettings {
  return { ...settings, tls: { verifyHostname: true, ...settings.tls, ...changes } }
}

describe('a TLS listener that asks for client certificates', () => {
  let cluster: KafkaCluster
  before(async () => {
    cluster = await startCluster({
      security: 'SSL',
      properties: { 'listener.name.client.ssl.client.auth': 'required' },
    })
  })
  after(() => cluster[Symbol.asyncDispose]())
  const settings = (hasClientCertificate = true): ClientSettings => {
    assert.ok(cluster.tls)
    return clientSettings(cluster.bootstrap, { tls: cluster.tls, hasClientCertificate })
  }

  test("PEM certificates on both sides connect, with TLS 1.3 and with TLS 1.2 and one of Java's cipher names", async () => {
    await using connection = await connect(settings())
    await assertServes(connection)
    const older = withTls(settings(), {
      enabledProtocols: ['TLSv1.2'],
      cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
    })
    await using second = await connect(older)
    await assertServes(second)
  })

  test("without a certificate of ours the broker's refusal names the settings", async () => {
    await assert.rejects(connect(settings(false)), (error: Error) => {
      assert.match(error.message, /Cluster eu: broker .* ssl\.keystore/)
      return true
    })
  })

  test('a certificate signed by a stranger is refused with the setting that holds the trust', async () => {
    assert.ok(cluster.tls)
    const stranger = withTls(settings(), { ca: readFileSync(cluster.tls.strangerCa, 'utf8') })
    await assert.rejects(connect(stranger), {
      code: 'TLS_CERTIFICATE_REFUSED',
      message: /ssl\.truststore\.certificates/,
    })
  })

  test('a host name that the certificate lacks is refused, unless the name is not to be checked', async () => {
    const lookup = async () => [{ address: '127.0.0.1' }]
    const other = connect(settings(), { lookup }, 'other.example')
    await assert.rejects(other, {
      code: 'TLS_CERTIFICATE_REFUSED',
      message: /ssl\.endpoint\.identification\.algorithm/,
    })
    await using unchecked = await connect(withTls(settings(), { verifyHostname: false }), { lookup }, 'other.example')
    await assertServes(unchecked)
  })

  test('a trust store that is no PEM is a configuration error', async () => {
    await assert.rejects(connect(withTls(settings(), { ca: 'no certificate' })), { kind: 'configuration' })
    await assert.rejects(connect(withTls(settings(), { key: new Secret('no key') })), { code: 'TLS_SETTINGS_INVALID' })
  })

  test('a plain client is told that the listener speaks TLS', async () => {
    await assert.rejects(connect(clientSettings(cluster.bootstrap)), /security\.protocol=SSL/)
  })

  test('a TLS client is told that the listener is plain', async () => {
    const plain = { ...settings(), bootstrapServers: [cluster.internalBootstrap] }
    await assert.rejects(connect(plain), { code: 'TLS_NOT_SPOKEN', message: /security\.protocol=PLAINTEXT/ })
  })

  test('answers larger than an arena come through TLS whole', async () => {
    await using client = new ClusterClient('eu', settings(), { clock: systemClock, random: Math.random })
    const topic = { topic: 'wide', partitionsCount: 400, replicationFactor: 1, configs: new Map() }
    assert.equal((await createTopics(client, [topic], { signal })).size, 0)
    await using connection = await client.openDataConnection(1, 'read', { signal, arenas })
    const answer = await metadataV12.api.async(connection.withTimeout(10_000), null, false, false)
    assert.equal(answer.topics.find(({ name }) => name === 'wide')?.partitions.length, 400)
  })
})

for (const security of ['SASL_PLAINTEXT', 'SASL_SSL'] as const) {
  describe(`a ${security} listener whose sessions last 2 seconds`, () => {
    let cluster: KafkaCluster
    before(async () => {
      cluster = await startCluster({ security, users: [user], properties: { 'connections.max.reauth.ms': '2000' } })
    })
    after(() => cluster[Symbol.asyncDispose]())
    const settings = (mechanism: SaslMechanism, password = user.password): ClientSettings =>
      clientSettings(cluster.bootstrap, {
        ...(cluster.tls === undefined ? {} : { tls: cluster.tls }),
        user: { name: user.name, password },
        mechanism,
      })

    for (const mechanism of mechanisms) {
      test(`${mechanism} logs in`, async () => {
        await using connection = await connect(settings(mechanism))
        await assertServes(connection)
      })

      test(`a wrong password is refused by ${mechanism} with user and setting, and is not in the message`, async () => {
        await assert.rejects(
          connect(settings(mechanism, 'guess-0815')),
          (error: Error & { code?: string; kind?: string }) => {
            assert.equal(error.code, 'SASL_AUTHENTICATION_FAILED')
            assert.equal(error.kind, 'configuration')
            assert.match(error.message, new RegExp(`user mirror with ${mechanism}.*sasl\\.jaas\\.config`))
            assert.doesNotMatch(error.message, /guess-0815/)
            return true
          },
        )
      })
    }

    test('a connection outlives its sessions: it logs in again between requests', async () => {
      await Promise.all(
        (['PLAIN', 'SCRAM-SHA-512'] as const).map(async (mechanism) => {
          await using connection = await connect(settings(mechanism))
          const endMs = performance.now() + 5000
          while (performance.now() < endMs) {
            await Promise.all([assertServes(connection), assertServes(connection), assertServes(connection)])
            await systemClock.sleep(10, { signal })
          }
          assert.equal(connection.isOpen, true)
        }),
      )
    })

    test('a mechanism that the broker lacks is refused with those that it offers', async () => {
      const odd = settings('PLAIN')
      // The types allow no other name; a broker may still be set up without one of them.
      const sasl = { ...odd.sasl, mechanism: 'PLAIN2' } as unknown as NonNullable<ClientSettings['sasl']>
      await assert.rejects(connect({ ...odd, sasl }), {
        code: 'SASL_MECHANISM_UNSUPPORTED',
        message: /offers: .*SCRAM-SHA-512/,
      })
    })

    test('a client that does not log in, or logs in where nobody asks, is told which security.protocol to set', async () => {
      const { sasl: _, ...withoutLogin } = settings('PLAIN')
      await using connection = await connect(withoutLogin)
      await assert.rejects(assertServes(connection), new RegExp(`set security\\.protocol=${security}`))
      if (security !== 'SASL_PLAINTEXT') return
      const internal = { ...settings('PLAIN'), bootstrapServers: [cluster.internalBootstrap] }
      await assert.rejects(connect(internal), { code: 'SASL_NOT_ENABLED' })
    })

    test('a cluster client does not wait for a wrong password to become right', async () => {
      await using client = new ClusterClient('eu', settings('PLAIN', 'wrong'), {
        clock: systemClock,
        random: Math.random,
      })
      await assert.rejects(client.waitUntilReachable({ signal }), { code: 'SASL_AUTHENTICATION_FAILED' })
    })
  })
}
