import { randomBytes } from 'node:crypto'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun } from './command.ts'
import type { KafkaUser } from './cluster-options.ts'
import type { KafkaInstallation } from './install.ts'
import { loggingOptions } from './java-process.ts'

export interface FormatOptions {
  /** Folders of the brokers, each with a server.properties whose log.dirs is `logs` in it. */
  readonly folders: readonly string[]
  /** Node ids, in the order of the folders. */
  readonly ids: readonly number[]
  readonly users: readonly KafkaUser[]
}

/**
 * Formats the storage of KRaft nodes with Kafka's own tool: the first with a JVM, the others as copies that differ in
 * node.id and directory.id, which saves a second each.
 * @returns the cluster id
 */
export async function formatStorage(installation: KafkaInstallation, options: FormatOptions): Promise<string> {
  const clusterId = kafkaUuid()
  const [first, ...others] = options.folders
  if (first === undefined) return clusterId
  await mustRun('java', [
    ...['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...loggingOptions('ERROR')],
    ...['-cp', installation.classPath, 'kafka.tools.StorageTool', 'format'],
    ...['--config', join(first, 'server.properties'), '--cluster-id', clusterId],
    ...options.users.flatMap(scramArguments),
  ])
  await Promise.all(others.map((folder, index) => copyStorage(first, folder, options.ids[index + 1] ?? 0)))
  return clusterId
}

async function copyStorage(from: string, to: string, nodeId: number): Promise<void> {
  await cp(join(from, 'logs'), join(to, 'logs'), { recursive: true })
  const path = join(to, 'logs', 'meta.properties')
  const text = await readFile(path, 'utf8')
  const changed = text
    .replace(/^node\.id=.*$/m, `node.id=${nodeId}`)
    .replace(/^directory\.id=.*$/m, `directory.id=${kafkaUuid()}`)
  await writeFile(path, changed)
}

function scramArguments({ name, password }: KafkaUser): string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name="${name}",password="${password}"]`,
  ])
}

/** 16 random bytes as Kafka writes its uuids. A leading '-' would look like an option to the tool. */
function kafkaUuid(): string {
  const text = randomBytes(16).toString('base64url')
  return text.startsWith('-') ? kafkaUuid() : text
}
