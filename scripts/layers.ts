import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

/**
 * The folders of src/, lowest first. A folder imports from itself and from folders before it, and from nothing else;
 * src/main.ts may import from all. The same table stands in docs/architecture.md.
 */
export const LAYERS = [
  'base',
  'wire',
  'config',
  'observe',
  'mirror',
  'kafka',
  'pipeline',
  'control',
  'verify',
  'check',
  'rest',
  'cli',
] as const

/** One broken rule. */
export interface Violation {
  /** Relative to the checked folder. */
  readonly file: string
  readonly what: string
}

interface Import {
  readonly specifier: string
  readonly isTypeOnly: boolean
}

interface SourceFile {
  /** Relative to the checked folder, with '/'. */
  readonly name: string
  readonly imports: readonly Import[]
  readonly isBarrel: boolean
}

/**
 * Checks a source folder: imports go to lower folders only, name their file with .ts, stay within the folder, and make no
 * cycle; no file only passes on what others export.
 * @param root   a folder laid out as src/
 */
export function findViolations(root: string): Violation[] {
  const files = readSources(root)
  const known = new Set(files.map(({ name }) => name))
  return [
    ...files.flatMap((file) => [...importViolations(file, known), ...barrelViolations(file)]),
    ...files.flatMap(placeViolations),
    ...cycleViolations(files),
  ]
}

function readSources(root: string): SourceFile[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => name.split(sep).join('/'))
  return names
    .filter((name) => name.endsWith('.ts') && statSync(join(root, name)).isFile())
    .sort()
    .map((name) => parse(name, readFileSync(join(root, name), 'utf8')))
}

function parse(name: string, text: string): SourceFile {
  const { module, program } = parseSync(name, text)
  const imports: Import[] = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    isTypeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
  }))
  const passedOn = module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest === null ? [] : [{ specifier: moduleRequest.value, isTypeOnly: isType }],
    ),
  )
  const dynamic = module.dynamicImports.map(({ moduleRequest }) => ({
    specifier: text.slice(moduleRequest.start, moduleRequest.end).replace(/^['"`]|['"`]$/g, ''),
    isTypeOnly: false,
  }))
  const isBarrel =
    program.body.length > 0 &&
    passedOn.length > 0 &&
    program.body.every((statement) => 'source' in statement && statement.type.startsWith('Export') && statement.source)
  return { name, imports: [...imports, ...passedOn, ...dynamic], isBarrel }
}

function importViolations({ name, imports }: SourceFile, known: ReadonlySet<string>): Violation[] {
  return imports.flatMap(({ specifier }) => {
    if (!specifier.startsWith('.')) return []
    const target = resolve(name, specifier)
    const what = wrongTarget(name, target, specifier, known)
    return what === undefined ? [] : [{ file: name, what }]
  })
}

function wrongTarget(name: string, target: string, specifier: string, known: ReadonlySet<string>): string | undefined {
  const isTest = name.endsWith('.test.ts')
  // A unit test may use helpers of test/, and package.json is no code.
  if (target.startsWith('..')) {
    return isTest || specifier.endsWith('.json') ? undefined : `imports ${specifier}, which lies outside of src`
  }
  if (!specifier.endsWith('.ts')) return `imports ${specifier} without .ts`
  if (!known.has(target)) return `imports ${specifier}, which does not exist`
  if (!isTest && target.endsWith('.test.ts')) return `imports the test ${specifier}`
  const from = layerOf(name)
  const to = layerOf(target)
  if (from === undefined || (to !== undefined && to <= from)) return undefined
  return `imports ${specifier}: ${folderOf(name)} stands before ${folderOf(target) || 'src itself'} and may not know it`
}

function barrelViolations({ name, isBarrel }: SourceFile): Violation[] {
  return isBarrel ? [{ file: name, what: 'only passes on what other files export' }] : []
}

function placeViolations({ name }: SourceFile): Violation[] {
  const folder = folderOf(name)
  if (folder === '')
    return name === 'main.ts' ? [] : [{ file: name, what: 'stands in src itself, where only main.ts may' }]
  return layerOf(name) === undefined ? [{ file: name, what: `stands in ${folder}, which is not in the table` }] : []
}

/** Cycles of what is loaded; types may refer to each other within a folder. */
function cycleViolations(files: readonly SourceFile[]): Violation[] {
  const targets = new Map(
    files.map(({ name, imports }) => [
      name,
      imports
        .filter(({ specifier, isTypeOnly }) => specifier.startsWith('.') && !isTypeOnly)
        .map(({ specifier }) => resolve(name, specifier)),
    ]),
  )
  const done = new Set<string>()
  const violations: Violation[] = []
  const visit = (name: string, path: readonly string[]): void => {
    const start = path.indexOf(name)
    if (start >= 0) violations.push({ file: name, what: `is in a cycle: ${[...path.slice(start), name].join(' > ')}` })
    if (start >= 0 || done.has(name)) return
    for (const target of targets.get(name) ?? []) visit(target, [...path, name])
    done.add(name)
  }
  for (const { name } of files) visit(name, [])
  return violations
}

function resolve(from: string, specifier: string): string {
  return relative('.', join(dirname(from), specifier))
    .split(sep)
    .join('/')
}

function folderOf(name: string): string {
  return name.includes('/') ? name.slice(0, name.indexOf('/')) : ''
}

function layerOf(name: string): number | undefined {
  const index = (LAYERS as readonly string[]).indexOf(folderOf(name))
  return index < 0 ? undefined : index
}

if (import.meta.main) {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', 'src')
  const violations = findViolations(root)
  for (const { file, what } of violations) process.stderr.write(`src/${file} ${what}\n`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
