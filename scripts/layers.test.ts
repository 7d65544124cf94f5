import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, it } from 'node:test'
import { findViolations } from './layers.ts'

const src = join(dirname(fileURLToPath(import.meta.url)), '..', 'src')

function violationsOf(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'twinlog-layers-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true })
      writeFileSync(join(root, name), text)
    }
    return findViolations(root).map(({ file, what }) => `${file} ${what}`)
  } finally {
    rmSync(root, { recursive: true })
  }
}

const BASE = { 'base/a.ts': 'export const a = 1\n' }

describe('layer check', () => {
  it('the source keeps to the table', () => {
    assert.deepEqual(findViolations(src), [])
  })

  it('imports of lower folders, of packages and of types pass', () => {
    const pipeline =
      "import { a } from '../base/a.ts'\nimport type { B } from './b.ts'\nimport 'pino'\nexport const c: B = a\n"
    const other = "import type { C } from './c.ts'\nexport type B = number | C\n"
    const files = { ...BASE, 'pipeline/c.ts': `${pipeline}export type C = 2\n`, 'pipeline/b.ts': other }
    assert.deepEqual(violationsOf({ ...files, 'main.ts': "import './pipeline/c.ts'\n" }), [])
  })

  it('a planted import of a higher folder is found, whatever its form', () => {
    const forms = [
      "import { c } from '../control/c.ts'\nexport const d = c\n",
      "import type { c } from '../control/c.ts'\nexport type D = typeof c\n",
      "export { c } from '../control/c.ts'\nexport const d = 1\n",
      "export const d = import('../control/c.ts')\n",
    ]
    for (const form of forms) {
      const found = violationsOf({ 'control/c.ts': 'export const c = 1\n', 'wire/d.ts': form })
      assert.deepEqual(
        found,
        ['wire/d.ts imports ../control/c.ts: wire stands before control and may not know it'],
        form,
      )
    }
  })

  it('a cycle is found', () => {
    const found = violationsOf({
      'wire/a.ts': "import './b.ts'\nexport const a = 1\n",
      'wire/b.ts': "import './a.ts'\nexport const b = 1\n",
    })
    assert.deepEqual(found, ['wire/a.ts is in a cycle: wire/a.ts > wire/b.ts > wire/a.ts'])
  })

  it('a barrel, a missing .ts, a missing file, a stray file and a way out of src are found', () => {
    const found = violationsOf({
      ...BASE,
      'base/barrel.ts': "export * from './a.ts'\n",
      'base/js.ts': "import './a.js'\n",
      'base/lost.ts': "import './gone.ts'\n",
      'base/out.ts': "import '../../test/support/judge.ts'\n",
      'helpers/h.ts': 'export const h = 1\n',
      'util.ts': 'export const u = 1\n',
    })
    assert.deepEqual(found, [
      'base/barrel.ts only passes on what other files export',
      'base/js.ts imports ./a.js without .ts',
      'base/lost.ts imports ./gone.ts, which does not exist',
      'base/out.ts imports ../../test/support/judge.ts, which lies outside of src',
      'helpers/h.ts stands in helpers, which is not in the table',
      'util.ts stands in src itself, where only main.ts may',
    ])
  })

  it('no file of the program may import a test', () => {
    const found = violationsOf({ 'base/a.test.ts': 'export const t = 1\n', 'base/b.ts': "import './a.test.ts'\n" })
    assert.deepEqual(found, ['base/b.ts imports the test ./a.test.ts'])
  })
})
