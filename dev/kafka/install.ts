import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from './command.ts'
import { fileLock } from './file-lock.ts'
import { kitErrors } from './kit-errors.ts'

/** The versions the tests run against; the first is the default. */
export const KAFKA_VERSIONS = ['4.3.0', '3.9.1', '2.8.2'] as const
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number]
export const DEFAULT_KAFKA_VERSION: KafkaVersion = '4.3.0'

/** Kafka's jars on this machine: broker, clients, Connect, MirrorMaker 2 and the console tools. */
export interface KafkaInstallation {
  /** Version of the jars: with KAFKA_HOME it may differ from the one asked for. */
  readonly version: string
  readonly libFolder: string
  /** For `java -cp`. */
  readonly classPath: string
  /** Where things made from these jars may be kept, such as compiled helpers. */
  readonly cacheFolder: string
}

const LOCK_TIMEOUT_MS = 600_000
const here = dirname(fileURLToPath(import.meta.url))
const checkout = join(here, '..', '..')

/**
 * Makes sure that the jars of one Kafka version are there; Maven is asked only the first time.
 * Kept in $TWINLOG_CACHE, else in node_modules/.cache. KAFKA_HOME names an installation to use for the default version.
 * @throws TOOL_MISSING, INSTALL_FAILED, KAFKA_HOME_INVALID
 */
export async function installKafka(version: KafkaVersion = DEFAULT_KAFKA_VERSION): Promise<KafkaInstallation> {
  const home = process.env['KAFKA_HOME']
  if (version === DEFAULT_KAFKA_VERSION && home !== undefined && home !== '') return installationAt(home)
  const cacheFolder = join(process.env['TWINLOG_CACHE'] ?? join(checkout, 'node_modules', '.cache'), 'kafka', version)
  const libFolder = join(cacheFolder, 'lib')
  if (!existsSync(libFolder)) {
    await using _lock = await fileLock(join(cacheFolder, 'install.lock'), { timeoutMs: LOCK_TIMEOUT_MS })
    if (!existsSync(libFolder)) await copyJars(version, libFolder)
  }
  return { version, libFolder, classPath: join(libFolder, '*'), cacheFolder }
}

/** Copies into a folder beside it and renames, so that a folder that exists is complete. */
async function copyJars(version: KafkaVersion, libFolder: string): Promise<void> {
  const partial = `${libFolder}.partial`
  await rm(partial, { recursive: true, force: true })
  const { exitCode, stdout, stderr } = await runCommand('mvn', [
    '-q',
    '-B',
    '-f',
    join(here, 'pom.xml'),
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-Dkafka.version=${version}`,
    `-DoutputDirectory=${partial}`,
    ...(version.startsWith('4.') ? ['-Plog4j2'] : []),
  ])
  if (exitCode !== 0) throw kitErrors.INSTALL_FAILED({ version, exitCode, output: stdout + stderr })
  await rename(partial, libFolder)
}

async function installationAt(home: string): Promise<KafkaInstallation> {
  const libFolder = join(home, 'libs')
  const jars = existsSync(libFolder) ? await readdir(libFolder) : []
  const version = jars.map((jar) => /^kafka_2\.1\d-(\d+\.\d+\.\d+)\.jar$/.exec(jar)?.[1]).find(Boolean)
  if (version === undefined) throw kitErrors.KAFKA_HOME_INVALID({ home })
  const cacheFolder = join(
    process.env['TWINLOG_CACHE'] ?? join(checkout, 'node_modules', '.cache'),
    'kafka',
    `home-${version}`,
  )
  await mkdir(cacheFolder, { recursive: true })
  return { version, libFolder, classPath: join(libFolder, '*'), cacheFolder }
}

if (import.meta.main) {
  const asked = process.argv.slice(2)
  for (const version of KAFKA_VERSIONS) {
    if (asked.length > 0 && !asked.includes(version)) continue
    const { libFolder, version: found } = await installKafka(version)
    process.stdout.write(`Kafka ${found}: ${libFolder}\n`)
  }
}
