import { connectionSettings, consumerSettings, producerSettings } from './connection-settings.ts'
import type { FlowPair } from './flow-pair.ts'
import { flowSettings } from './flow-settings.ts'
import { locateKey } from './key-place.ts'
import { nearestName } from './nearest-name.ts'
import { otherSettings } from './other-setting.ts'
import { processSettings } from './process-settings.ts'
import type { PropertiesFile, Property } from './properties.ts'
import { settingOrigin } from './setting-origin.ts'
import { isSettingName, settingNames } from './setting-names.ts'
import type { SettingOrigin, SettingReader } from './setting-origin.ts'
import type { ClientRole, Setting, SettingScope } from './setting.ts'
import { workerSettings } from './worker-settings.ts'

/** What one reader takes for a setting. */
export interface SettingReading extends SettingOrigin {
  readonly reader: SettingReader
  /** Null: of the process as a whole. */
  readonly pair: FlowPair | null
  /** The text that counts, as written (references are not resolved); `[hidden]` for a secret; null: there is none. */
  readonly value: string | null
  /** Why the text that stands there is none. */
  readonly problem: string | null
}

/** All that is known about a setting in a file. */
export interface SettingExplanation {
  /** The name without cluster, flow and client. */
  readonly name: string
  /** Of the reference; null for a name that twinlog does not follow, or does not know. */
  readonly declaration: { readonly type: string; readonly default: string | null; readonly doc: string } | null
  /** Why it is not followed; null: it is. */
  readonly notFollowed: string | null
  /** For a name that nobody knows: one that it may stand for. */
  readonly nearest: string | null
  readonly readings: readonly SettingReading[]
}

type Declaration = Setting<unknown> & { readonly scope: SettingScope }

const tables: readonly Readonly<Record<string, Declaration>>[] = [
  processSettings,
  flowSettings,
  workerSettings,
  connectionSettings,
  consumerSettings,
  producerSettings,
] as unknown as readonly Readonly<Record<string, Declaration>>[]

const allClients: readonly SettingReader[] = [
  'source consumer',
  'source admin',
  'target producer',
  'target admin',
  'worker',
]
const readersOf: Readonly<Record<SettingScope, readonly SettingReader[]>> = {
  process: ['process'],
  flow: ['flow'],
  worker: ['worker'],
  client: allClients,
  consumer: ['source consumer'],
  producer: ['target producer'],
}

/** Keys whose value is a secret though it has no password's type: a log-in with the password in it. */
const secretNames = /password|jaas\.config|secret|\.key$|passphrase/

/**
 * Explains a setting: who reads it, which line counts for each, and which lines that one beats.
 * @param key     a bare name (`topics`), or a key as in the file (`eu->us.topics`, `eu.consumer.fetch.max.bytes`)
 * @param pairs   the flows
 */
export function explainSetting(
  file: PropertiesFile,
  key: string,
  { aliases, pairs }: { readonly aliases: readonly string[]; readonly pairs: readonly FlowPair[] },
): SettingExplanation {
  const place = locateKey(key, aliases)
  const { name } = place
  const declarations = tables
    .flatMap((table) => (Object.hasOwn(table, name) ? [table[name]] : []))
    .filter((each) => each !== undefined)
  const [declaration] = declarations
  const readers = [...new Set(declarations.flatMap(({ scope }) => readersOf[scope]))]
  const fits = ({ source, target }: FlowPair): boolean =>
    place.where === 'top' ||
    (place.where === 'flow'
      ? source === place.source && target === place.target
      : source === place.alias || target === place.alias)
  const readings = readers.flatMap((reader): SettingReading[] =>
    reader === 'process'
      ? [reading(file, { reader, pair: null, name, declarations })]
      : pairs.filter(fits).map((pair) => reading(file, { reader, pair, name, declarations })),
  )
  const other = otherSettings.get(name)?.[0]
  return {
    name,
    declaration: declaration === undefined ? null : described(declaration),
    notFollowed: declaration === undefined ? (other?.why ?? null) : null,
    nearest: isSettingName(name) ? null : (nearestName(name, settingNames) ?? null),
    readings,
  }
}

function described({ type, default: value, doc }: Declaration): SettingExplanation['declaration'] {
  return { type: type.name, default: value === undefined ? null : type.format(value), doc }
}

interface ReadingRequest {
  readonly reader: SettingReader
  readonly pair: FlowPair | null
  readonly name: string
  readonly declarations: readonly Declaration[]
}

function reading(file: PropertiesFile, { reader, pair, name, declarations }: ReadingRequest): SettingReading {
  const origin = settingOrigin(file, reader, pair ?? { source: '', target: '' }, name)
  const declaration = declarations.find(({ scope }) => readersOf[scope].includes(reader))
  const { winner } = origin
  const isSecret = declaration?.type.name === 'password' || secretNames.test(name)
  const value = winner === null ? defaultText(declaration, roleOf(reader)) : isSecret ? '[hidden]' : winner.value
  return { ...origin, reader, pair, value, problem: isSecret ? null : problemOf(winner, declaration) }
}

function defaultText(declaration: Declaration | undefined, role: ClientRole | null): string | null {
  const value = (role === null ? undefined : declaration?.roleDefaults?.[role]) ?? declaration?.default
  return value === undefined || declaration === undefined ? null : declaration.type.format(value)
}

/** What a reference stands for is known at start only. */
function problemOf(winner: Property | null, declaration: Declaration | undefined): string | null {
  if (winner === null || declaration === undefined || winner.value.includes('${')) return null
  const parsed = declaration.type.parse(winner.value)
  return 'problem' in parsed ? parsed.problem : null
}

function roleOf(reader: SettingReader): ClientRole | null {
  if (reader === 'process' || reader === 'flow') return null
  if (reader === 'worker') return 'worker'
  return reader === 'source consumer' ? 'consumer' : reader === 'target producer' ? 'producer' : 'admin'
}
