import { X509Certificate } from 'node:crypto'
import type { ClientSettings } from '../config/client-settings.ts'

/**
 * As whom a cluster knows a client, unless it maps names in its own way (ssl.principal.mapping.rules, principal.builder.class).
 * @returns for example `User:mirror`; a name in angle brackets where only the store's owner knows it
 * Source: DefaultKafkaPrincipalBuilder.
 */
export function principalOf({ sasl, tls }: Pick<ClientSettings, 'sasl' | 'tls'>): string {
  if (sasl !== undefined) return `User:${sasl.username}`
  if (tls?.certificateChain !== undefined) return `User:${subjectOf(tls.certificateChain)}`
  if (tls?.pfx !== undefined) return 'User:<subject of the certificate>'
  return 'User:ANONYMOUS'
}

/** As Java writes it (RFC 2253): the last part first, separated by commas. */
function subjectOf(certificate: string): string {
  return new X509Certificate(certificate).subject.split('\n').toReversed().join(',')
}
