import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { propertiesText } from './broker-properties.ts'
import { runCommand } from './command.ts'
import type { CommandOptions, CommandResult } from './command.ts'
import type { KafkaInstallation } from './install.ts'
import { loggingOptions } from './java-process.ts'
import { kitErrors } from './kit-errors.ts'
import { watchdog } from './watchdog.ts'

/** Where a tool comes from and whom it talks to; a KafkaCluster is one. */
export interface ToolTarget {
  readonly installation: KafkaInstallation
  /** Client settings: `bootstrap.servers` and what is needed to log in. */
  readonly adminProperties: Readonly<Record<string, string>>
}

export interface ToolOptions extends CommandOptions {
  /** Client settings in place of the target's adminProperties: those of the listener under test, say. */
  readonly client?: Readonly<Record<string, string>>
}

interface ToolEntry {
  /** Main classes, newest first: they moved from the core to the tools module over the versions. */
  readonly mains: readonly string[]
  /** Option that names a file of client settings, before Kafka 4.2. */
  readonly configOption?: string
}

const TOOLS = {
  'kafka-acls': entry('AclCommand', '--command-config'),
  'kafka-configs': entry('ConfigCommand', '--command-config'),
  'kafka-console-consumer': entry('consumer.ConsoleConsumer', '--consumer.config'),
  'kafka-console-producer': entry('ConsoleProducer', '--producer.config'),
  'kafka-consumer-groups': entry('consumer.group.ConsumerGroupCommand', '--command-config'),
  'kafka-delete-records': entry('DeleteRecordsCommand', '--command-config'),
  'kafka-dump-log': entry('DumpLogSegments'),
  'kafka-get-offsets': entry('GetOffsetShell', '--command-config'),
  'kafka-leader-election': entry('LeaderElectionCommand', '--admin.config'),
  'kafka-producer-perf-test': entry('ProducerPerformance', '--producer.config'),
  'kafka-reassign-partitions': entry('reassign.ReassignPartitionsCommand', '--command-config'),
  'kafka-topics': entry('TopicCommand', '--command-config'),
  'kafka-transactions': entry('TransactionsCommand', '--command-config'),
  'kafka-verifiable-consumer': entry('VerifiableConsumer', '--consumer.config'),
  'kafka-verifiable-producer': entry('VerifiableProducer', '--producer.config'),
} as const satisfies Record<string, ToolEntry>

/** Kafka's console tools by the names of their scripts. */
export type KafkaTool = keyof typeof TOOLS

/** These take `--bootstrap-server` from us unless the caller gives it. */
const WITHOUT_BOOTSTRAP: ReadonlySet<KafkaTool> = new Set<KafkaTool>(['kafka-dump-log', 'kafka-producer-perf-test'])

let configCounter = 0

/**
 * Runs one of Kafka's own tools against a cluster, its logging silenced. Costs about a second of JVM start.
 * `--bootstrap-server` and a file of client settings are added.
 * @returns output and exit code, whatever it is
 */
export async function runTool(
  target: ToolTarget,
  tool: KafkaTool,
  args: readonly string[],
  { client = target.adminProperties, ...options }: ToolOptions = {},
): Promise<CommandResult> {
  const { installation } = target
  const config = join(watchdog().folder, `tool-${(configCounter += 1)}.properties`)
  await writeFile(config, propertiesText(client))
  try {
    const main = await mainClassOf(installation, tool)
    const java = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...loggingOptions('ERROR')]
    const own = [...bootstrapArguments(tool, args, client), ...configArguments(tool, config, installation.version)]
    return await runCommand('java', [...java, '-cp', installation.classPath, main, ...own, ...args], options)
  } finally {
    await rm(config, { force: true })
  }
}

/**
 * Runs a tool that has to succeed.
 * @returns what it wrote to standard output
 * @throws COMMAND_FAILED with its output
 */
export async function mustRunTool(
  target: ToolTarget,
  tool: KafkaTool,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await runTool(target, tool, args, options)
  if (exitCode === 0) return stdout
  throw kitErrors.COMMAND_FAILED({ command: [tool, ...args].join(' '), exitCode, output: stdout + stderr })
}

function entry(name: string, configOption?: string): ToolEntry {
  const simple = name.slice(name.lastIndexOf('.') + 1)
  const mains = [
    `org.apache.kafka.tools.${name}`,
    `org.apache.kafka.tools.${simple}`,
    `kafka.tools.${simple}`,
    `kafka.admin.${simple}`,
  ]
  return configOption === undefined ? { mains } : { mains, configOption }
}

function bootstrapArguments(
  tool: KafkaTool,
  args: readonly string[],
  client: Readonly<Record<string, string>>,
): string[] {
  if (WITHOUT_BOOTSTRAP.has(tool) || args.includes('--bootstrap-server')) return []
  return ['--bootstrap-server', client['bootstrap.servers'] ?? '']
}

function configArguments(tool: KafkaTool, config: string, version: string): string[] {
  const { configOption }: ToolEntry = TOOLS[tool]
  if (configOption === undefined) return []
  return [hasUniformOptions(version) ? '--command-config' : configOption, config]
}

/** KIP-1147, in Kafka 4.2: every tool calls it --command-config, and warns about the older names. */
function hasUniformOptions(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 4 || (major === 4 && minor >= 2)
}

/** Looks into the jars: their directories name each class in plain bytes. */
async function mainClassOf(installation: KafkaInstallation, tool: KafkaTool): Promise<string> {
  const jars = (await readdir(installation.libFolder)).filter((jar) => /^kafka(-tools|_2)[-.].*\.jar$/.test(jar))
  const contents = await Promise.all(jars.map((jar) => readFile(join(installation.libFolder, jar))))
  const { mains }: ToolEntry = TOOLS[tool]
  const found = mains.find((main) => contents.some((jar) => jar.includes(`${main.replaceAll('.', '/')}.class`)))
  if (found !== undefined) return found
  throw kitErrors.TOOL_UNKNOWN({ tool, version: installation.version, candidates: mains.join(', ') })
}
