import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { SaslMechanism, SaslSettings } from '../config/client-settings.ts'

/** What the server's messages were found to be: `reason` says what is wrong with the one that failed. */
export class ServerProofError extends Error {
  override readonly name = 'ServerProofError'
}

/**
 * The client's side of one SASL log-in, free of sockets: `next` gets what the server sent and returns what to send.
 * @throws ServerProofError when the server's message is malformed or does not prove that it knows the password
 */
export interface SaslExchange {
  /** @param challenge  the server's last message; null at the beginning */
  /** @returns the next message, or null when the exchange is done and the server has proved itself */
  next(challenge: Buffer | null): Promise<Buffer | null>
}

/** @param nonce  the client's part of SCRAM's nonce; given by tests only */
export function createSaslExchange(settings: SaslSettings, nonce?: string): SaslExchange {
  switch (settings.mechanism) {
    case 'PLAIN':
      return plainExchange(settings)
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      return new ScramExchange(settings.mechanism, settings, nonce ?? randomBytes(24).toString('base64url'))
  }
}

/** RFC 4616: authorization identity (empty), user, password, separated by NUL. Nothing is proved by the server. */
function plainExchange({ username, password }: SaslSettings): SaslExchange {
  return {
    async next(challenge) {
      return challenge === null ? Buffer.from(`\0${username}\0${password.reveal()}`) : null
    },
  }
}

const pbkdf2Async = promisify(pbkdf2)

const algorithms: Readonly<
  Record<Exclude<SaslMechanism, 'PLAIN'>, { readonly hash: string; readonly keyBytes: number }>
> = {
  'SCRAM-SHA-256': { hash: 'sha256', keyBytes: 32 },
  'SCRAM-SHA-512': { hash: 'sha512', keyBytes: 64 },
}

/** Kafka's ScramMechanism: fewer are refused on both sides. */
const fewestIterations = 4096
/** So that a hostile server cannot keep our thread pool busy for hours. */
const mostIterations = 10_000_000
const gs2Header = 'n,,'

/** RFC 5802 without channel binding, as Kafka's ScramSaslClient: first, final, verify. */
class ScramExchange implements SaslExchange {
  readonly #hash: string
  readonly #keyBytes: number
  readonly #settings: SaslSettings
  readonly #nonce: string
  readonly #firstBare: string
  #step: 'first' | 'final' | 'verify' = 'first'
  #serverSignature: Buffer = Buffer.alloc(0)

  constructor(mechanism: Exclude<SaslMechanism, 'PLAIN'>, settings: SaslSettings, nonce: string) {
    const { hash, keyBytes } = algorithms[mechanism]
    this.#hash = hash
    this.#keyBytes = keyBytes
    this.#settings = settings
    this.#nonce = nonce
    const name = settings.username.replaceAll('=', '=3D').replaceAll(',', '=2C')
    this.#firstBare = `n=${name},r=${nonce}`
  }

  async next(challenge: Buffer | null): Promise<Buffer | null> {
    switch (this.#step) {
      case 'first':
        this.#step = 'final'
        return Buffer.from(gs2Header + this.#firstBare)
      case 'final':
        this.#step = 'verify'
        return this.#final((challenge ?? Buffer.alloc(0)).toString())
      case 'verify':
        this.#verify((challenge ?? Buffer.alloc(0)).toString())
        return null
    }
  }

  async #final(serverFirst: string): Promise<Buffer> {
    const { r: nonce = '', s: salt = '', i: count = '' } = attributes(serverFirst)
    const iterations = Number(count)
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ServerProofError('its nonce does not continue ours')
    }
    if (!Number.isInteger(iterations) || iterations < fewestIterations || iterations > mostIterations) {
      throw new ServerProofError(`it asks for ${count} iterations; at least ${fewestIterations} are safe`)
    }
    const password = this.#settings.password.reveal()
    const salted = await pbkdf2Async(password, Buffer.from(salt, 'base64'), iterations, this.#keyBytes, this.#hash)
    const clientKey = this.#hmac(salted, 'Client Key')
    const storedKey = createHash(this.#hash).update(clientKey).digest()
    const withoutProof = `c=${Buffer.from(gs2Header).toString('base64')},r=${nonce}`
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`
    const clientSignature = this.#hmac(storedKey, authMessage)
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), authMessage)
    const proof = clientKey.map((byte, index) => byte ^ (clientSignature[index] ?? 0))
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`)
  }

  #verify(serverFinal: string): void {
    const { v: signature, e: error } = attributes(serverFinal)
    if (error !== undefined) throw new ServerProofError(`it reported ${error}`)
    const received = Buffer.from(signature ?? '', 'base64')
    const isProven =
      received.length === this.#serverSignature.length && timingSafeEqual(received, this.#serverSignature)
    if (!isProven) throw new ServerProofError('its signature is wrong')
  }

  #hmac(key: Buffer, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest()
  }
}

/** `a=value,b=value`: the values may hold `=`. */
function attributes(message: string): Readonly<Record<string, string>> {
  return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]))
}
