import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TlsSettings } from '../config/client-settings.ts'
import { parseProperties } from '../config/properties.ts'
import { resolvePlan } from './flow-plan-resolution.ts'

const base =
  'clusters=A,B\nA.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\nA->B.enabled=true\nA.security.protocol=SSL\n'
let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'twinlog-tls-'))
  const openssl = (...parts: string[]) => execFileSync('openssl', parts, { cwd: folder, stdio: 'ignore' })
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-subj',
    '/CN=x',
    '-days',
    '2',
  )
  openssl('pkcs8', '-topk8', '-in', 'key.pem', '-out', 'locked.pem', '-passout', 'pass:hunter2')
  openssl('pkcs12', '-export', '-inkey', 'key.pem', '-in', 'cert.pem', '-out', 'store.p12', '-passout', 'pass:hunter2')
})

after(() => rmSync(folder, { recursive: true }))

function tlsOf(lines: string): TlsSettings | undefined {
  return resolvePlan(parseProperties(base + lines, 'f')).flows[0]?.source.dataClient.tls
}

test('a PEM trust store is read from a file, or from one line of the settings with blanks for line ends', () => {
  const fromFile = tlsOf(`A.ssl.truststore.type=PEM\nA.ssl.truststore.location=${folder}/cert.pem`)
  const oneLine = readFileSync(join(folder, 'cert.pem'), 'utf8').replaceAll('\n', ' ')
  const inline = tlsOf(`A.ssl.truststore.type=PEM\nA.ssl.truststore.certificates=${oneLine}`)
  assert.match(fromFile?.ca ?? '', /^-----BEGIN CERTIFICATE-----\n/)
  assert.equal(inline?.ca, fromFile?.ca)
})

test('a private key is tried with its password', () => {
  const keystore = `A.ssl.keystore.type=PEM\nA.ssl.keystore.key=${readPem('locked.pem')}\nA.ssl.keystore.certificate.chain=${readPem('cert.pem')}\n`
  assert.equal(tlsOf(`${keystore}A.ssl.key.password=hunter2`)?.keyPassphrase?.reveal(), 'hunter2')
  assert.throws(() => tlsOf(`${keystore}A.ssl.key.password=wrong`), /private key that cannot be read/)
})

test('a PKCS12 key store is opened with its password', () => {
  const keystore = `A.ssl.keystore.type=PKCS12\nA.ssl.keystore.location=${folder}/store.p12\n`
  assert.ok(tlsOf(`${keystore}A.ssl.keystore.password=hunter2`)?.pfx)
  assert.throws(() => tlsOf(`${keystore}A.ssl.keystore.password=wrong`), /cannot be opened as a PKCS12 store/)
})

test('an empty endpoint identification switches off the host name only', () => {
  assert.equal(tlsOf('A.ssl.endpoint.identification.algorithm=')?.verifyHostname, false)
  assert.equal(tlsOf('')?.verifyHostname, true)
})

function readPem(name: string): string {
  return readFileSync(join(folder, name), 'utf8').replaceAll('\n', '\\n')
}
