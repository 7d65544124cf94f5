import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsSettings } from './client-settings.ts'
import { connectionSettings } from './connection-settings.ts'
import { parsePem, pemCertificates, pemPrivateKey } from './pem.ts'
import type { Property } from './properties.ts'
import type { Resolution } from './resolution.ts'
import { Secret } from './secret.ts'
import type { View } from './view.ts'

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }
type TrustStore = Pick<TlsSettings, 'ca'>
type KeyStore = Pick<TlsSettings, 'certificateChain' | 'key' | 'keyPassphrase' | 'pfx'>

/**
 * Turns the ssl.* settings of a client into what Node's tls takes. Stores are read and tried here, so that a wrong file or password is
 * said at start and not at the first connection. Source: SslConfigs, DefaultSslEngineFactory.
 */
export function resolveTls(resolution: Resolution, view: View): TlsSettings {
  const algorithm = resolution.read(
    view,
    'ssl.endpoint.identification.algorithm',
    connectionSettings['ssl.endpoint.identification.algorithm'],
  )
  const enabledProtocols = resolution.read(view, 'ssl.enabled.protocols', connectionSettings['ssl.enabled.protocols'])
  const cipherSuites = resolution.read(view, 'ssl.cipher.suites', connectionSettings['ssl.cipher.suites'])
  const algorithmProperty = view.get('ssl.endpoint.identification.algorithm')
  if (algorithmProperty !== undefined && algorithm !== '' && algorithm.toLowerCase() !== 'https') {
    resolution.problems.add(algorithmProperty, `must be https or empty, not "${algorithm}"`, 'Correct the value.')
  }
  for (const protocol of enabledProtocols) {
    const property = view.get('ssl.enabled.protocols')
    if (property === undefined || ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'].includes(protocol)) continue
    resolution.problems.add(
      property,
      `"${protocol}" is not a TLS version that Node has`,
      'Use TLSv1.2, TLSv1.3 or both.',
    )
  }
  return {
    verifyHostname: algorithm !== '',
    enabledProtocols,
    ...(cipherSuites.length > 0 && { cipherSuites }),
    ...resolveTrustStore(resolution, view),
    ...resolveKeyStore(resolution, view),
  }
}

function resolveTrustStore(resolution: Resolution, view: View): TrustStore {
  const type = resolution.read(view, 'ssl.truststore.type', connectionSettings['ssl.truststore.type'])
  const inline = view.get('ssl.truststore.certificates')
  const location = view.get('ssl.truststore.location')
  const password = view.get('ssl.truststore.password')
  const property = inline ?? location
  if (property === undefined) return {}
  if (type !== 'PEM') {
    if (password !== undefined) resolution.use(password)
    refuseStore(resolution, property, type, 'truststore')
    return {}
  }
  if (password !== undefined) refusePemPassword(resolution, password)
  const text = inline === undefined ? readStore(resolution, property)?.toString('latin1') : resolution.text(inline)
  if (text === undefined) return {}
  const ca = pemCertificates(text)
  if (ca === '') {
    resolution.problems.add(
      property,
      'holds no certificate',
      'A PEM certificate begins with -----BEGIN CERTIFICATE-----.',
    )
    return {}
  }
  return checkCertificates(resolution, property, ca) ? { ca } : {}
}

function resolveKeyStore(resolution: Resolution, view: View): KeyStore {
  const type = resolution.read(view, 'ssl.keystore.type', connectionSettings['ssl.keystore.type'])
  const location = view.get('ssl.keystore.location')
  const inlineKey = view.get('ssl.keystore.key')
  if (inlineKey !== undefined) {
    if (type === 'PEM') return resolvePemKeyStore(resolution, view, inlineKey)
    resolution.problems.add(inlineKey, `needs ssl.keystore.type=PEM, which is ${type}`, 'Set ssl.keystore.type=PEM.')
    return {}
  }
  if (location === undefined) return {}
  if (type === 'PEM') return resolvePemKeyStore(resolution, view, location)
  if (type === 'PKCS12') return resolvePkcs12(resolution, view, location)
  for (const key of ['ssl.keystore.password', 'ssl.key.password']) {
    const password = view.get(key)
    if (password !== undefined) resolution.use(password)
  }
  refuseStore(resolution, location, type, 'keystore')
  return {}
}

function resolvePemKeyStore(resolution: Resolution, view: View, keyProperty: Property): KeyStore {
  const storePassword = view.get('ssl.keystore.password')
  if (storePassword !== undefined) refusePemPassword(resolution, storePassword)
  const chainProperty =
    keyProperty === view.get('ssl.keystore.key') ? view.get('ssl.keystore.certificate.chain') : keyProperty
  const isFile = chainProperty === keyProperty
  const text = isFile ? readStore(resolution, keyProperty)?.toString('latin1') : resolution.text(keyProperty)
  if (text === undefined) return {}
  const chainText = isFile || chainProperty === undefined ? text : resolution.text(chainProperty)
  const keyPassphrase = resolution.read(view, 'ssl.key.password', connectionSettings['ssl.key.password'])
  const key = pemPrivateKey(text)
  const certificateChain = pemCertificates(chainText)
  if (key === undefined || certificateChain === '') {
    const missing = key === undefined ? 'private key' : 'certificate'
    resolution.problems.add(
      keyProperty,
      `holds no ${missing}`,
      'Key (PKCS#8) and certificate chain are both needed, as PEM.',
    )
    return {}
  }
  const store: Mutable<KeyStore> = { certificateChain, key: new Secret(key) }
  if (keyPassphrase !== undefined) store.keyPassphrase = keyPassphrase
  return checkCertificates(resolution, keyProperty, certificateChain) && checkKey(resolution, keyProperty, store)
    ? store
    : {}
}

function resolvePkcs12(resolution: Resolution, view: View, location: Property): KeyStore {
  const pfx = readStore(resolution, location)
  const password = resolution.read(view, 'ssl.keystore.password', connectionSettings['ssl.keystore.password'])
  const keyPassword = resolution.read(view, 'ssl.key.password', connectionSettings['ssl.key.password'])
  if (pfx === undefined) return {}
  if (keyPassword !== undefined && keyPassword.reveal() !== (password?.reveal() ?? '')) {
    resolution.problems.add(
      view.get('ssl.key.password') ?? location,
      'differs from ssl.keystore.password',
      'A PKCS12 store has one password for store and key.',
    )
    return {}
  }
  try {
    createSecureContext({ pfx, passphrase: password?.reveal() ?? '' })
    return { pfx, ...(password !== undefined && { keyPassphrase: password }) }
  } catch (error) {
    resolution.problems.add(
      location,
      `cannot be opened as a PKCS12 store: ${messageOf(error)}`,
      'Correct the file, or ssl.keystore.password.',
    )
    return {}
  }
}

function checkCertificates(resolution: Resolution, property: Property, certificates: string): boolean {
  try {
    for (const { text } of parsePem(certificates)) new X509Certificate(text)
    return true
  } catch (error) {
    resolution.problems.add(
      property,
      `holds a certificate that cannot be read: ${messageOf(error)}`,
      'Correct the PEM text.',
    )
    return false
  }
}

function checkKey(resolution: Resolution, property: Property, { key, keyPassphrase }: KeyStore): boolean {
  try {
    createPrivateKey({
      key: key?.reveal() ?? '',
      ...(keyPassphrase !== undefined && { passphrase: keyPassphrase.reveal() }),
    })
    return true
  } catch (error) {
    resolution.problems.add(
      property,
      `holds a private key that cannot be read: ${messageOf(error)}`,
      'Correct the key, or ssl.key.password.',
    )
    return false
  }
}

function readStore(resolution: Resolution, property: Property): Buffer | undefined {
  try {
    return readFileSync(resolution.text(property))
  } catch (error) {
    resolution.problems.add(
      property,
      `the file cannot be read: ${messageOf(error)}`,
      'Name an existing, readable file.',
    )
    return undefined
  }
}

function refusePemPassword(resolution: Resolution, property: Property): void {
  resolution.use(property)
  resolution.problems.add(
    property,
    'must not be set with the type PEM',
    'Remove it. The password of a private key is ssl.key.password.',
  )
}

function refuseStore(resolution: Resolution, property: Property, type: string, kind: 'truststore' | 'keystore'): void {
  resolution.use(property)
  if (property.key.endsWith('certificates')) {
    resolution.problems.add(property, `needs ssl.truststore.type=PEM, which is ${type}`, 'Set ssl.truststore.type=PEM.')
    return
  }
  const file = resolution.text(property)
  const remedy =
    kind === 'truststore'
      ? `Convert it: keytool -list -rfc -keystore ${file} > truststore.pem; then set ssl.truststore.type=PEM and ssl.truststore.location=truststore.pem, and drop ssl.truststore.password.`
      : `Convert it: keytool -importkeystore -srckeystore ${file} -destkeystore keystore.p12 -deststoretype PKCS12; then set ssl.keystore.type=PKCS12 and ssl.keystore.location=keystore.p12.`
  resolution.problems.add(
    property,
    `is a ${kind} of the type ${type}, which only Java reads (a file that is PEM already: set ssl.${kind}.type=PEM)`,
    remedy,
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
