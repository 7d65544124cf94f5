import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingsPage } from '../src/config/settings-page.ts'

// Writes docs/settings.md. src/config/settings-page.test.ts fails when it was forgotten.
writeFileSync(join(import.meta.dirname, '../docs/settings.md'), settingsPage())
