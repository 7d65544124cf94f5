import { readFileSync } from 'node:fs'

const folder = new URL('../../src/wire/fixtures/', import.meta.url)
const files = new Map<string, Record<string, string>>()

/**
 * A copy of the bytes that a fixture file (src/wire/fixtures, see its README) holds under a name.
 * @throws Error when there is none
 */
export function wireFixture(file: string, name: string): Buffer {
  const hex = fixtureFile(file)[name]
  if (hex === undefined) throw new Error(`no fixture "${name}" in ${file}.json`)
  return Buffer.from(hex, 'hex')
}

/** Names of a fixture file's entries, in its order. */
export function wireFixtureNames(file: string): string[] {
  return Object.keys(fixtureFile(file))
}

function fixtureFile(file: string): Record<string, string> {
  let entries = files.get(file)
  if (entries === undefined) {
    entries = JSON.parse(readFileSync(new URL(`${file}.json`, folder), 'utf8')) as Record<string, string>
    files.set(file, entries)
  }
  return entries
}
