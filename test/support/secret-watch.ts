import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'

/** Shorter ones would be found in any text. */
const SHORTEST = 6
/** A name of a key whose value is a secret, or has one inside. */
const SECRET_KEY = /password|secret|jaas\.config|private\.key/i
const PASSWORD_IN_JAAS = /\b(?:password|clientSecret)=(?:\\?")?([^"\\;\s]+)/gi

/** Looks at all that a program writes for the passwords that it was given. */
export class SecretWatch {
  readonly #secrets: readonly string[]
  #tail = ''
  #leak: string | null = null

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.filter(({ length }) => length >= SHORTEST)
  }

  /** Of a configuration, as keys and values. */
  static of(properties: Readonly<Record<string, string>>): SecretWatch {
    return new SecretWatch(
      Object.entries(properties).flatMap(([key, value]) => {
        if (!SECRET_KEY.test(key)) return []
        return /jaas\.config/i.test(key)
          ? [...value.matchAll(PASSWORD_IN_JAAS)].map(([, secret = '']) => secret)
          : [value]
      }),
    )
  }

  /** Of the files among the arguments of a command. */
  static ofFiles(args: readonly string[]): SecretWatch {
    const lines = args.filter((arg) => existsSync(arg)).flatMap((file) => readFileSync(file, 'utf8').split('\n'))
    const pairs = lines.flatMap((line) => {
      const [, key, value] = /^((?:\\.|[^\\=])+)=(.*)$/.exec(line) ?? []
      return key === undefined || value === undefined ? [] : [[unescaped(key), unescaped(value)] as const]
    })
    return SecretWatch.of(Object.fromEntries(pairs))
  }

  /** Takes what was written, in pieces as they come. */
  look(text: string): void {
    const seen = this.#tail + text
    for (const secret of this.#secrets) {
      const at = seen.indexOf(secret)
      if (at >= 0) this.#leak ??= seen.slice(Math.max(0, at - 200), at)
    }
    const longest = Math.max(0, ...this.#secrets.map(({ length }) => length))
    this.#tail = longest === 0 ? '' : seen.slice(-longest)
  }

  /** Fails when a password was among it. What stands before it is told, and it itself is not. */
  assertNone(): void {
    assert.equal(this.#leak, null, `a password was printed, behind: ${this.#leak}`)
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1')
}
