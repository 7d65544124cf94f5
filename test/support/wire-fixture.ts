import { readFileSync } from 'node:fs'

const folder = new URL('../../src/wire/fixtures/', import.meta.url)
const files = new Map<string, Record<string, string | string[]>>()

/**
 * A copy of the bytes that a fixture file (src/wire/fixtures, see its README) holds under a name.
 * @throws Error when there is none
 */
export function wireFixture(file: string, name: string): Buffer {
  const hex = fixtureFile(file)[name]
  if (typeof hex !== 'string') throw new Error(`no bytes "${name}" in ${file}.json`)
  return Buffer.from(hex, 'hex')
}

/**
 * The lines that a fixture file holds under a name.
 * @throws Error when there are none
 */
export function wireFixtureLines(file: string, name: string): readonly string[] {
  const lines = fixtureFile(file)[name]
  if (!Array.isArray(lines)) throw new Error(`no lines "${name}" in ${file}.json`)
  return lines
}

/** Names of a fixture file's entries, in its order. */
export function wireFixtureNames(file: string): string[] {
  return Object.keys(fixtureFile(file))
}

function fixtureFile(file: string): Record<string, string | string[]> {
  let entries = files.get(file)
  if (entries === undefined) {
    entries = JSON.parse(readFileSync(new URL(`${file}.json`, folder), 'utf8')) as Record<string, string | string[]>
    files.set(file, entries)
  }
  return entries
}
