import type { TopicConfigSetting } from '../kafka/alter-topic-configs.ts'
import type { CallOptions, NewTopic, TargetTopics, TopicError } from './topic-ports.ts'

/** Why a config of a remote topic is not set, by its name. */
export type ConfigRefusals = Map<string, TopicError>

/** Answers to configs themselves, rather than to who asks or to the topic. */
const aboutConfigs: ReadonlySet<string> = new Set(['INVALID_CONFIG', 'INVALID_REQUEST', 'POLICY_VIOLATION'])

/**
 * Alters configs of remote topics. What a cluster refuses of a topic is found out config by config, one of each topic in a request, and left out; the rest is done.
 * Some configs are taken only after others (a limit above another), so those that were refused are tried again as long as others were taken.
 * @returns the topics of which something was refused, with what
 */
export async function alterWhatIsTaken(
  target: Pick<TargetTopics, 'alterConfigs'>,
  settings: ReadonlyMap<string, readonly TopicConfigSetting[]>,
  { signal }: CallOptions,
): Promise<ReadonlyMap<string, ConfigRefusals>> {
  const refused = new Map<string, ConfigRefusals>()
  const failed = await target.alterConfigs(settings, { signal })
  let open = new Map<string, readonly TopicConfigSetting[]>()
  for (const [topic, failure] of failed) {
    const ofTopic = settings.get(topic) ?? []
    refused.set(topic, new Map(ofTopic.map(({ name }) => [name, failure])))
    if (aboutConfigs.has(failure.error) && ofTopic.length > 1) open.set(topic, ofTopic)
  }
  while (open.size > 0) {
    const taken = await alterOneByOne(target, open, refused, { signal })
    open = new Map(
      [...open].flatMap(([topic, ofTopic]) => {
        const left = ofTopic.filter(({ name }) => refused.get(topic)?.has(name) === true)
        return taken.has(topic) && left.length > 0 ? [[topic, left] as const] : []
      }),
    )
  }
  for (const [topic, ofTopic] of refused) if (ofTopic.size === 0) refused.delete(topic)
  return refused
}

/** Takes out of `refused` what was taken. @returns the topics of which something was */
async function alterOneByOne(
  target: Pick<TargetTopics, 'alterConfigs'>,
  settings: ReadonlyMap<string, readonly TopicConfigSetting[]>,
  refused: ReadonlyMap<string, ConfigRefusals>,
  { signal }: CallOptions,
): Promise<ReadonlySet<string>> {
  const taken = new Set<string>()
  const roundsCount = Math.max(...[...settings.values()].map((ofTopic) => ofTopic.length))
  for (let round = 0; round < roundsCount; round++) {
    const ofRound = oneOfEach(settings, round)
    const failed = await target.alterConfigs(new Map([...ofRound].map(([topic, one]) => [topic, [one]])), { signal })
    for (const [topic, { name }] of ofRound) {
      const failure = failed.get(topic)
      if (failure === undefined) {
        refused.get(topic)?.delete(name)
        taken.add(topic)
      } else {
        refused.get(topic)?.set(name, failure)
      }
    }
  }
  return taken
}

function oneOfEach<Item>(lists: ReadonlyMap<string, readonly Item[]>, index: number): ReadonlyMap<string, Item> {
  return new Map(
    [...lists].flatMap(([topic, list]) => {
      const item = list[index]
      return item === undefined ? [] : [[topic, item] as const]
    }),
  )
}

/** Without these a copy would keep or lose other records than its source: a topic that cannot have them is not created. */
const essentialConfigs: ReadonlySet<string> = new Set(['cleanup.policy', 'retention.ms', 'retention.bytes'])

/**
 * Finds out which configs keep topics from being created, config by config; nothing is created.
 * @param failed   why these topics were not created
 * @returns the topics that would be created without the configs that are named
 */
export async function findRefusedConfigs(
  target: Pick<TargetTopics, 'tryCreate'>,
  topics: readonly NewTopic[],
  failed: ReadonlyMap<string, TopicError>,
  { signal }: CallOptions,
): Promise<ReadonlyMap<string, ConfigRefusals>> {
  const doubted = topics.filter(({ topic }) => aboutConfigs.has(failed.get(topic)?.error ?? ''))
  const configs = new Map(doubted.map(({ topic, configs: ofTopic }) => [topic, [...ofTopic]] as const))
  const refused = new Map<string, ConfigRefusals>()
  const roundsCount = Math.max(0, ...[...configs.values()].map((ofTopic) => ofTopic.length))
  for (let round = 0; round < roundsCount; round++) {
    const ofRound = oneOfEach(configs, round)
    const tries = doubted
      .filter(({ topic }) => ofRound.has(topic))
      .map((one) => ({ ...one, configs: new Map([ofRound.get(one.topic) ?? ['', '']]) }))
    for (const [topic, failure] of await target.tryCreate(tries, { signal })) {
      const [name] = ofRound.get(topic) ?? ['']
      if (!aboutConfigs.has(failure.error)) continue
      refused.set(topic, (refused.get(topic) ?? new Map<string, TopicError>()).set(name, failure))
    }
  }
  for (const [topic, ofTopic] of refused)
    if ([...ofTopic.keys()].some((name) => essentialConfigs.has(name))) refused.delete(topic)
  return refused
}
