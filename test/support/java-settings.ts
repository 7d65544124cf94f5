import { join } from 'node:path'
import { runCommand } from '../../dev/kafka/command.ts'
import { installKafka } from '../../dev/kafka/install.ts'
import type { KafkaSettings } from './kafka-settings.ts'

/** @returns what the Kafka on this machine declares; as src/config/fixtures/kafka-settings.json has it */
export async function javaSettings(): Promise<KafkaSettings> {
  const { classPath } = await installKafka()
  const oracle = join(import.meta.dirname, '../compat/KafkaSettings.java')
  const { exitCode, stdout, stderr } = await runCommand('java', ['-Xmx128m', '-cp', classPath, oracle])
  if (exitCode !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as KafkaSettings
}
