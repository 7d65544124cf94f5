import { describeTopicConfigs } from '../kafka/admin.ts'
import type { ConfigEntry } from '../kafka/admin.ts'
import type { ClusterClient } from '../kafka/cluster-client.ts'
import type { TargetTopicSettings } from './partition-assignment.ts'

const names = ['message.timestamp.type', 'max.message.bytes']

/** Reads what the rewrite choice must know of remote topics. Topics whose configuration cannot be read are missing from the answer. */
export async function readTargetSettings(
  target: ClusterClient,
  topics: readonly string[],
  { signal }: { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, TargetTopicSettings>> {
  const settings = new Map<string, TargetTopicSettings>()
  for (const [topic, configs] of await describeTopicConfigs(target, topics, { signal, names })) {
    const found = configs instanceof Error ? null : settingsOf(configs)
    if (found !== null) settings.set(topic, found)
  }
  return settings
}

function settingsOf(configs: readonly ConfigEntry[]): TargetTopicSettings | null {
  const values = new Map(configs.map(({ name, value }) => [name, value]))
  const maxMessageBytes = Number(values.get('max.message.bytes') ?? Number.NaN)
  if (!Number.isSafeInteger(maxMessageBytes)) return null
  const isAppendTime = values.get('message.timestamp.type') === 'LogAppendTime'
  return { timestampType: isAppendTime ? 'LogAppendTime' : 'CreateTime', maxMessageBytes }
}
