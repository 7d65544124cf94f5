import assert from 'node:assert/strict'
import { createSecureContext } from 'node:tls'
import { test } from 'node:test'
import { openSslCipherName, tlsOptions } from './tls-options.ts'

test("Java's cipher names become OpenSSL's, and those of TLS 1.3 stay", () => {
  const names = {
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
    TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
    TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
    TLS_DHE_RSA_WITH_AES_256_GCM_SHA384: 'DHE-RSA-AES256-GCM-SHA384',
    TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
    NOBODYS_WITH_NAME: 'NOBODYS_WITH_NAME',
  }
  for (const [java, openSsl] of Object.entries(names)) assert.equal(openSslCipherName(java), openSsl)
  const known = Object.values(names).slice(0, -1).join(':')
  assert.doesNotThrow(() => createSecureContext({ ciphers: known }))
})

test('protocols are a range, TLS 1.2 to 1.3 unless they are set', () => {
  const range = (enabledProtocols?: string[]) => {
    const { minVersion, maxVersion } = tlsOptions(
      { verifyHostname: true, ...(enabledProtocols && { enabledProtocols }) },
      'h',
    )
    return [minVersion, maxVersion]
  }
  assert.deepEqual(range(), ['TLSv1.2', 'TLSv1.3'])
  assert.deepEqual(range(['TLSv1.3']), ['TLSv1.3', 'TLSv1.3'])
  assert.deepEqual(range(['TLSv1.2']), ['TLSv1.2', 'TLSv1.2'])
})

test('an IP address is no server name, and the host name goes unchecked only when asked', () => {
  assert.equal(tlsOptions({ verifyHostname: true }, '127.0.0.1').servername, undefined)
  assert.equal(tlsOptions({ verifyHostname: true }, 'b.example').servername, 'b.example')
  assert.equal(tlsOptions({ verifyHostname: true }, 'b').checkServerIdentity, undefined)
  assert.notEqual(tlsOptions({ verifyHostname: false }, 'b').checkServerIdentity, undefined)
  assert.equal(tlsOptions({ verifyHostname: false }, 'b').rejectUnauthorized, true)
})
