import { inspect } from 'node:util'

const mask = '[hidden]'

/**
 * A password or key. Its text forms (String, template, JSON, inspect) are masked, so that it cannot reach a log by accident.
 * Call `reveal()` only where the bytes go to the other side.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** @returns the secret itself, in clear text */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return mask
  }

  toJSON(): string {
    return mask
  }

  [inspect.custom](): string {
    return mask
  }
}
