import type { Observer } from './event.ts'

/** One observer that passes every event to all of these, in order. */
export function observers<Name extends string>(...all: readonly Observer<Name>[]): Observer<Name> {
  return {
    event(name, fields) {
      for (const observer of all) observer.event(name, fields)
    },
  }
}
