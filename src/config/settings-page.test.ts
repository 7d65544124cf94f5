import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { settingsPage } from './settings-page.ts'

test('docs/settings.md says what the declarations say', () => {
  const written = readFileSync(join(import.meta.dirname, '../../docs/settings.md'), 'utf8')
  assert.equal(written, settingsPage(), 'run: node scripts/generate-settings.ts')
})
