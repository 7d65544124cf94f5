import { readFileSync, writeFileSync } from 'node:fs'

/**
 * Adds to package-lock.json the platform packages that the registry at hand does not have. Native tools list one
 * optional package for each platform; npm leaves those that it cannot find out of the lock, and `npm ci` then refuses the
 * lock as incomplete. A registry that mirrors only some platforms would so make a lock that nobody can use. Run it after
 * every `npm install`: `node scripts/complete-lock.ts`.
 */
interface LockEntry {
  version?: string
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'aix', 'sunos']
const PROCESSORS = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32']

/** @returns entries to add, by their place in the tree */
export function missingEntries(packages: Readonly<Record<string, LockEntry>>): Record<string, LockEntry> {
  const all: Record<string, LockEntry> = { ...packages }
  const missing: Record<string, LockEntry> = {}
  for (const [place, entry] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      const found = nearest(all, place, name)
      if (found !== undefined && satisfies(found.version, range)) continue
      const version = range.replace(/^[\^~]/, '')
      const home = found === undefined ? `node_modules/${name}` : `${place}/node_modules/${name}`
      const added = { version, ...(entry.dev === true ? { dev: true } : {}), optional: true, ...platformOf(name) }
      missing[home] = added
      all[home] = added
    }
  }
  return missing
}

/** As Node looks for packages: in the package's own node_modules, then in those above. */
function nearest(packages: Readonly<Record<string, LockEntry>>, place: string, name: string): LockEntry | undefined {
  for (
    let above = place;
    above.includes('/node_modules/');
    above = above.slice(0, above.lastIndexOf('/node_modules/'))
  ) {
    const found = packages[`${above}/node_modules/${name}`]
    if (found !== undefined) return found
  }
  return packages[`${place}/node_modules/${name}`] ?? packages[`node_modules/${name}`]
}

/** Platform packages are asked for by exact version; a range is taken as satisfied by what npm chose. */
function satisfies(version: string | undefined, range: string): boolean {
  return version === range || !/^\d+\.\d+\.\d+/.test(range)
}

function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-')
  const os = SYSTEMS.find((each) => words.includes(each))
  const cpu = PROCESSORS.find((each) => words.includes(each))
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : words.includes('gnu') ? 'glibc' : undefined
  return {
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(libc !== undefined && os === 'linux' ? { libc: [libc] } : {}),
    ...(os === undefined ? {} : { os: [os] }),
  }
}

if (import.meta.main) {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockEntry> }
  const added = missingEntries(lock.packages)
  const places = Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => (a < b ? -1 : 1))
  lock.packages = Object.fromEntries(places)
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
  process.stdout.write(`Added ${Object.keys(added).length} platform packages to package-lock.json\n`)
}
