import { join } from 'node:path'
import { runCommand } from '../../dev/kafka/command.ts'
import { installKafka } from '../../dev/kafka/install.ts'

export type JavaValues = Readonly<Record<string, unknown>>

/** How the real MirrorMaker 2 sees one flow of a file; a text stands where Kafka refuses, and says why. */
export interface JavaFlow {
  /** What the worker, the connectors and the clients are given, as it stands in the file. */
  readonly views: Readonly<Record<string, Readonly<Record<string, string>> | string>>
  /** What they make of it, defaults included. */
  readonly effective: Readonly<Record<string, JavaValues | string>>
}

export interface JavaSight {
  readonly file: string
  readonly refused?: string
  readonly flows?: Readonly<Record<string, JavaFlow>>
}

/**
 * Asks the real MirrorMaker 2 about files, in one process (test/compat/SettingsOracle.java).
 * @param environment   what EnvVarConfigProvider finds
 */
export async function askMirrorMaker(
  files: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<readonly JavaSight[]> {
  const { classPath } = await installKafka()
  const oracle = join(import.meta.dirname, '../compat/SettingsOracle.java')
  const options = ['-Xmx200m', '-XX:TieredStopAtLevel=1', '-cp', classPath, oracle, ...files]
  const { exitCode, stdout, stderr } = await runCommand('java', options, { env: environment })
  if (exitCode !== 0) throw new Error(stderr)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JavaSight)
}
