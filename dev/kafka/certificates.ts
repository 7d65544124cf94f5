import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun } from './command.ts'

/** Paths of PEM files: a certification authority made for one test run, and what it signed. */
export interface TlsFiles {
  /** The authority's certificate: what a client or broker trusts. */
  readonly ca: string
  /** Server certificate for localhost, 127.0.0.1 and ::1. */
  readonly cert: string
  readonly key: string
  /** A client's certificate (CN=kit-client), for brokers with ssl.client.auth. */
  readonly clientCert: string
  readonly clientKey: string
  /** Key and certificate chain in one file, as ssl.keystore.location wants them. */
  readonly clientKeystore: string
  /** Another authority's certificate, which signed none of these. */
  readonly strangerCa: string
}

const NAMES = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1'

/**
 * Makes a throwaway authority and certificates, good for two days.
 * @throws TOOL_MISSING when openssl is missing, COMMAND_FAILED
 */
export async function makeCertificates(folder: string): Promise<TlsFiles> {
  await mkdir(folder, { recursive: true })
  const at = (name: string): string => join(folder, name)
  await Promise.all([makeAuthority(folder, 'ca'), makeAuthority(folder, 'stranger')])
  await sign(folder, 'server', 'localhost', NAMES)
  await sign(folder, 'client', 'kit-client', 'extendedKeyUsage=clientAuth')
  return {
    ca: at('ca.pem'),
    cert: at('server.pem'),
    key: at('server.key'),
    clientCert: at('client.pem'),
    clientKey: at('client.key'),
    clientKeystore: at('client.keystore.pem'),
    strangerCa: at('stranger.pem'),
  }
}

async function makeAuthority(folder: string, name: string): Promise<void> {
  await mustRun(
    'openssl',
    ['req', '-x509', ...newKey(name), '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=twinlog kit ${name}`],
    { cwd: folder },
  )
}

async function sign(folder: string, name: string, commonName: string, extension: string): Promise<void> {
  const run = (args: readonly string[]): Promise<unknown> => mustRun('openssl', args, { cwd: folder })
  await writeFile(join(folder, `${name}.ext`), `${extension}\n`)
  await run(['req', '-new', ...newKey(name), '-out', `${name}.csr`, '-subj', `/CN=${commonName}`])
  await run([
    ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
  ])
  const parts = await Promise.all(
    [`${name}.key`, `${name}.pem`, 'ca.pem'].map((part) => readFile(join(folder, part), 'utf8')),
  )
  await writeFile(join(folder, `${name}.keystore.pem`), parts.join(''))
}

/** `req -newkey` writes PKCS#8, the only form of key that Kafka reads from PEM. */
function newKey(name: string): string[] {
  return ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`]
}
