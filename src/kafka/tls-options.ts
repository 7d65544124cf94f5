import { getCiphers } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { isIP } from 'node:net'
import type { TlsSettings } from '../config/client-settings.ts'

const versions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

/**
 * What Node's `tls.connect` has to be given for the ssl.* settings.
 * @param host  the name that the certificate has to carry (before DNS); an IP address is checked against its IP entries
 */
export function tlsOptions(settings: TlsSettings, host: string): ConnectionOptions {
  const options: ConnectionOptions = { rejectUnauthorized: true }
  // Server name indication takes names only; Node rejects an IP address there.
  if (isIP(host) === 0) options.servername = host
  if (settings.ca !== undefined) options.ca = settings.ca
  if (settings.certificateChain !== undefined) options.cert = settings.certificateChain
  if (settings.key !== undefined) options.key = settings.key.reveal()
  if (settings.pfx !== undefined) options.pfx = Buffer.from(settings.pfx)
  if (settings.keyPassphrase !== undefined) options.passphrase = settings.keyPassphrase.reveal()
  if (!settings.verifyHostname) options.checkServerIdentity = () => undefined
  if (settings.cipherSuites !== undefined && settings.cipherSuites.length > 0) {
    options.ciphers = settings.cipherSuites.map(openSslCipherName).join(':')
  }
  Object.assign(options, versionRange(settings.enabledProtocols))
  return options
}

function versionRange(enabled: readonly string[] | undefined): Pick<ConnectionOptions, 'minVersion' | 'maxVersion'> {
  const wanted = versions.filter((version) => enabled?.includes(version))
  const [minVersion = 'TLSv1.2'] = wanted
  return { minVersion, maxVersion: wanted.at(-1) ?? 'TLSv1.3' }
}

/**
 * @param name  cipher suite as IANA and Java spell it, for example TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
 * @returns     OpenSSL's name (ECDHE-RSA-AES128-GCM-SHA256); TLS 1.3 suites are called the same in both
 */
export function openSslCipherName(name: string): string {
  if (!name.includes('_WITH_')) return name
  const openSsl = name
    .replace(/^(TLS|SSL)_/, '')
    .replace(/^RSA_WITH_/, '')
    .replace('_WITH_', '_')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('_CBC_', '_')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20_POLY1305')
    .replaceAll('_', '-')
  return getCiphers().includes(openSsl.toLowerCase()) ? openSsl : name
}
