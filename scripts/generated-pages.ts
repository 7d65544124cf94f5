import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { allCommands } from '../src/cli/arguments.ts'
import { manualPage } from '../src/cli/manual-page.ts'
import { settingsPage } from '../src/config/settings-page.ts'
import { metricsPage } from '../src/observe/metrics-page.ts'

/** A page that is made from the code and committed. */
interface GeneratedPage {
  readonly path: string
  readonly text: () => Promise<string>
}

const PAGES: readonly GeneratedPage[] = [
  { path: 'docs/settings.md', text: () => Promise.resolve(settingsPage()) },
  { path: 'man/twinlog.1', text: () => Promise.resolve(manualPage(allCommands(''))) },
  { path: 'docs/metrics.md', text: () => Promise.resolve(metricsPage()) },
]

const isCheck = process.argv.includes('--check')
for (const { path, text } of PAGES) {
  const wanted = await text()
  const found = existsSync(path) ? readFileSync(path, 'utf8') : undefined
  if (found === wanted) continue
  if (isCheck) {
    process.stderr.write(`${path} is not what the code makes. Run: npm run generate\n`)
    process.exitCode = 1
  } else {
    writeFileSync(path, wanted)
    process.stdout.write(`${path} written\n`)
  }
}
