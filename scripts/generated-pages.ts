import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** A page that is made from the code and committed. */
interface GeneratedPage {
  readonly path: string
  readonly text: () => Promise<string>
}

/** Add a line for each: `{ path: 'docs/settings.md', text: async () => (await import('../src/...')).make() }`. */
const PAGES: readonly GeneratedPage[] = []

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
