import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, sep } from 'node:path'

/**
 * Packs the package as `npm publish` would, and looks at what a user gets: publint's rules, the list of files, and that
 * its command starts. It is unpacked inside node_modules, where it finds its dependencies as an installed package does.
 */
const FOLDER = join('node_modules', '.cache', 'package-check')
const NEEDED = [
  'package.json',
  'LICENSE',
  'CHANGELOG.md',
  'bin/twinlog.cjs',
  'bin/load.cjs',
  'dist/main.js',
  'man/twinlog.1',
]

rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(FOLDER, { recursive: true })
must('npm', ['run', 'build', '--silent'])
const tarball =
  must('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', FOLDER]).trim().split('\n').at(-1) ?? ''
must('tar', ['-xzf', join(FOLDER, tarball), '-C', FOLDER])

// Looked at here and not in the checkout, whose node_modules are not packed.
must('publint', [join(FOLDER, 'package'), '--strict', '--pack=false'])

const files = readdirSync(join(FOLDER, 'package'), { recursive: true, encoding: 'utf8' }).map((name) =>
  name.split(sep).join('/'),
)
const missing = NEEDED.filter((name) => !files.includes(name))
const stray = files.filter((name) => name.endsWith('.ts') || name.includes('.test.') || name.startsWith('test'))
if (missing.length > 0) fail(`The package lacks ${missing.join(', ')}`)
if (stray.length > 0) fail(`The package holds what does not belong there: ${stray.join(', ')}`)
const version = must(process.execPath, [join(FOLDER, 'package', 'bin', 'twinlog.cjs'), '--version'])
if (!/\d+\.\d+\.\d+/.test(version)) fail(`twinlog --version from the package says: ${version}`)

function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) fail(`${command} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`)
  return stdout
}

function fail(what: string): never {
  process.stderr.write(`${what}\n`)
  process.exit(1)
}
