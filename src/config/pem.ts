/** One block of a PEM text, rewritten in the form that OpenSSL reads. */
export interface PemBlock {
  /** Between BEGIN and the dashes: `CERTIFICATE`, `ENCRYPTED PRIVATE KEY`. */
  readonly label: string
  readonly text: string
}

/**
 * Splits a PEM text into its blocks. As Kafka does, white space inside a block is free: a whole PEM may stand on one line of a
 * .properties file, with blanks where the line ends were. What stands outside the blocks is dropped.
 * Source: DefaultSslEngineFactory.PemParser (clients, common/security/ssl).
 */
export function parsePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = []
  for (const [, label = '', body = ''] of text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g)) {
    const base64 = body.replace(/\s+/g, '')
    const lines = base64.match(/.{1,64}/g) ?? []
    blocks.push({ label, text: `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n` })
  }
  return blocks
}

/** @returns all certificates of a PEM text, one after the other; empty if there is none */
export function pemCertificates(text: string): string {
  return parsePem(text)
    .filter((block) => block.label === 'CERTIFICATE')
    .map((block) => block.text)
    .join('')
}

/** @returns the first private key of a PEM text; undefined if there is none */
export function pemPrivateKey(text: string): string | undefined {
  return parsePem(text).find((block) => block.label.endsWith('PRIVATE KEY'))?.text
}
