import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { errorEntries } from './errors.ts'

interface Paragraph {
  readonly code: string
  readonly text: string
}

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
const [used = '', retired = ''] = page.split(/^## Retired$/m)

/** The `### CODE` headings of a part of the page, each with what stands below it. */
function paragraphs(part: string): Paragraph[] {
  return part
    .split(/^### /m)
    .slice(1)
    .map((text) => ({ code: text.slice(0, text.indexOf('\n')).trim(), text: text.slice(text.indexOf('\n')).trim() }))
}

test('every error of the catalogue has one paragraph in docs/errors.md, and none is there that the catalogue lacks', () => {
  assert.deepEqual(
    paragraphs(used)
      .map(({ code }) => code)
      .toSorted(),
    Object.keys(errorEntries).toSorted(),
  )
})

test('each paragraph begins with the kind and the action that the catalogue gives', () => {
  const entries: Readonly<Record<string, { readonly kind: string; readonly action: string }>> = errorEntries
  for (const { code, text } of paragraphs(used)) {
    const entry = entries[code]
    if (entry !== undefined) assert.match(text, new RegExp(`^\\*${entry.kind}, ${entry.action}\\.\\* \\S`), code)
  }
})

test('a retired code is never used again', () => {
  const codes = paragraphs(retired).map(({ code }) => code)
  assert.deepEqual(
    codes.filter((code) => code in errorEntries),
    [],
  )
})

test('every page that docs/errors.md links to is there', () => {
  const links = [...page.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = '']) => link)
  assert.ok(links.length > 0)
  for (const link of links) readFileSync(new URL(`../../docs/${link}`, import.meta.url))
})
