import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { kafkaSettings } from '../../test/support/kafka-settings.ts'
import type { KafkaSetting, SettingOwner } from '../../test/support/kafka-settings.ts'
import { planText } from '../../test/support/plan-text.ts'
import { connectionSettings, consumerSettings, producerSettings } from '../config/connection-settings.ts'
import { flowSettings } from '../config/flow-settings.ts'
import { processSettings } from '../config/process-settings.ts'
import { parseProperties } from '../config/properties.ts'
import { workerSettings } from '../config/worker-settings.ts'
import { reviewPlan } from './flow-plan-resolution.ts'
import type { Setting } from '../config/setting.ts'
import type { PlanReview } from './flow-plan-resolution.ts'

/*
 * Every setting of Kafka 4.3 that MirrorMaker 2 or one of its clients has, and every one of twinlog, at every place of a file where somebody might write it, with
 * another value than its default: each has to change the plan, or to be said with its line. Nothing is accepted in silence.
 */

const base = ['clusters=A,B', 'A.bootstrap.servers=a:1', 'B.bootstrap.servers=b:1', 'A->B.enabled=true']

type Outcome = 'honoured' | 'refused' | 'silent' | PlanReview['notices'][number]['kind']

interface Seen {
  readonly outcome: Outcome
  readonly text: string
  readonly worksAs: readonly string[]
}

/** What a file comes to. `rest` is all that holds, or is said, apart from the lines behind the first `count`. */
function resolve(lines: readonly string[], count = lines.length): { review: PlanReview; rest: () => string } {
  const review = reviewPlan(parseProperties(lines.join('\n'), 'mm2.properties'))
  const rest = (): string => {
    const said = [...review.problems, ...review.notices].filter(({ line = 0 }) => line <= count)
    return `${planText(review)}${JSON.stringify(said)}`
  }
  return { review, rest }
}

const plain = new Map<string, string>()

/** A file that has none of the lines to be judged. */
function plainText(lines: readonly string[]): string {
  const known = plain.get(lines.join('\n')) ?? resolve(lines).rest()
  plain.set(lines.join('\n'), known)
  return known
}

const seen = new Map<string, Seen>()

/** What comes of lines that are added to such a file. */
function see(context: readonly string[], added: readonly string[]): Seen {
  const key = [...context, ...added].join('\n')
  const known = seen.get(key) ?? look(context, added)
  seen.set(key, known)
  return known
}

function look(context: readonly string[], added: readonly string[]): Seen {
  const lines = [...base, ...context]
  const { review, rest } = resolve([...lines, ...added], lines.length)
  const isAdded = ({ line = 0 }: { readonly line?: number }): boolean => line > lines.length
  const problem = review.problems.find(isAdded)
  const notice = review.notices.find(isAdded)
  const said = { text: problem?.cause ?? notice?.text ?? '', worksAs: notice?.worksAs ?? [] }
  if (problem !== undefined) return { outcome: 'refused', ...said }
  if (notice !== undefined) return { outcome: notice.kind, ...said }
  return { outcome: rest() === plainText(lines) ? 'silent' : 'honoured', ...said }
}

const kafka = kafkaSettings()

/** The same setting of several owners, with the same facts, is one. */
const ofKafka = [
  ...new Map(
    (Object.keys(kafka) as SettingOwner[]).flatMap((owner) =>
      Object.entries(kafka[owner]).map(
        ([key, facts]) => [`${isClient(owner) ? owner : ''} ${key} ${facts.default}`, { owner, key, facts }] as const,
      ),
    ),
  ).values(),
]

function isClient(owner: SettingOwner): boolean {
  return owner === 'client' || owner === 'consumer' || owner === 'producer' || owner === 'admin'
}

const clientPlaces = (role: string) => (key: string) => [
  ...['', 'A.', 'B.', 'A->B.', 'A->B.source.', 'A->B.target.'].map((prefix) => `${prefix}${role}.${key}`),
  ...['', 'A->B.'].map((prefix) => `${prefix}${role}.override.${key}`),
  ...['', 'A.', 'B.', 'A->B.', 'A->B.source.cluster.', 'A->B.target.cluster.'].map((prefix) => `${prefix}${key}`),
]
const anyPlace = (key: string) => ['', 'A.', 'B.', 'A->B.'].map((prefix) => `${prefix}${key}`)

const places: Readonly<Record<SettingOwner, (key: string) => string[]>> = {
  driver: anyPlace,
  client: (key) => ['consumer', 'producer', 'admin'].flatMap((role) => clientPlaces(role)(key)),
  consumer: clientPlaces('consumer'),
  producer: clientPlaces('producer'),
  admin: clientPlaces('admin'),
  worker: anyPlace,
  'source.connector': anyPlace,
  'checkpoint.connector': anyPlace,
  'heartbeat.connector': anyPlace,
  framework: anyPlace,
  'topic.creation': (key) => anyPlace(`topic.creation.default.${key}`),
  DefaultTopicFilter: anyPlace,
  DefaultGroupFilter: anyPlace,
  DefaultConfigPropertyFilter: anyPlace,
}

/** What else a file needs so that a setting can have an effect. */
function contextOf(key: string): readonly string[] {
  const found = contexts.find(({ keys }) => keys.test(key))
  return found?.lines ?? []
}

const folder = mkdtempSync(join(tmpdir(), 'twinlog-every-setting-'))
after(() => rmSync(folder, { recursive: true }))
const openssl = (line: string): void => void execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'ignore' })
openssl(
  'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=x -days 2',
)
openssl('pkcs8 -topk8 -in key.pem -out locked.pem -passout pass:other')
openssl('pkcs12 -export -inkey key.pem -in cert.pem -out store.p12 -passout pass:other')
writeFileSync(join(folder, 'both.pem'), `${pem('key')}\n${pem('cert')}`)

/** On one line, as it may stand in a .properties file. */
function pem(name: string): string {
  return readFileSync(join(folder, `${name}.pem`), 'utf8')
    .replaceAll('\n', ' ')
    .trim()
}

const pemKeys = ['security.protocol=SSL', 'ssl.keystore.type=PEM']
const pemTrust = ['security.protocol=SSL', 'ssl.truststore.type=PEM']
const jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";'
const contexts: readonly { readonly keys: RegExp; readonly lines: readonly string[] }[] = [
  { keys: /^sync\.group\.offsets\.interval/, lines: ['sync.group.offsets.enabled=true'] },
  { keys: /^twinlog\.strict$/, lines: ['nosuch=1'] },
  { keys: /^twinlog\.strict\.mm2\.scoping$/, lines: ['consumer.fetch.min.bytes=7'] },
  { keys: /^compression\.gzip\.level$/, lines: ['B.producer.compression.type=gzip'] },
  { keys: /^compression\.zstd\.level$/, lines: ['B.producer.compression.type=zstd'] },
  { keys: /^replication\.policy\.internal\.topic/, lines: ['replication.policy.separator=_'] },
  {
    keys: /^transaction\.boundary\.interval\.ms$/,
    lines: ['B.exactly.once.source.support=enabled', 'A->B.transaction.boundary=interval'],
  },
  { keys: /^ssl\.truststore\.type$/, lines: ['security.protocol=SSL', `ssl.truststore.certificates=${pem('cert')}`] },
  { keys: /^ssl\.truststore\.password$/, lines: [...pemTrust, `ssl.truststore.location=${folder}/cert.pem`] },
  { keys: /^ssl\.truststore\./, lines: pemTrust },
  { keys: /^ssl\.keystore\.type$/, lines: ['security.protocol=SSL', `ssl.keystore.location=${folder}/both.pem`] },
  {
    keys: /^ssl\.keystore\.password$/,
    lines: ['security.protocol=SSL', 'ssl.keystore.type=PKCS12', `ssl.keystore.location=${folder}/store.p12`],
  },
  { keys: /^ssl\.keystore\.key$/, lines: [...pemKeys, `ssl.keystore.certificate.chain=${pem('cert')}`] },
  { keys: /^ssl\.keystore\.certificate\.chain$/, lines: [...pemKeys, `ssl.keystore.key=${pem('key')}`] },
  {
    keys: /^ssl\.key\.password$/,
    lines: [...pemKeys, `ssl.keystore.key=${pem('locked')}`, `ssl.keystore.certificate.chain=${pem('cert')}`],
  },
  { keys: /^ssl\.keystore\./, lines: pemKeys },
  { keys: /^ssl\./, lines: ['security.protocol=SSL'] },
  { keys: /^sasl\.mechanism$/, lines: ['security.protocol=SASL_PLAINTEXT', `sasl.jaas.config=${jaas}`] },
  { keys: /^sasl\.jaas\.config$/, lines: ['security.protocol=SASL_PLAINTEXT', 'sasl.mechanism=PLAIN'] },
  { keys: /^(twinlog\.)?transaction\./, lines: ['B.exactly.once.source.support=enabled'] },
]

/** A value that is allowed and is not the default. */
function otherValue(key: string, { type, default: usual, allowed }: KafkaSetting): string {
  const special = specialValues[key]
  if (special !== undefined) return special
  const choices = /^\[([a-z_A-Z, 0-9-]+)\]$/.exec(allowed ?? '')?.[1]?.split(', ') ?? []
  const choice = choices.find((each) => each.toLowerCase() !== usual?.toLowerCase() && !/^\d/.test(each))
  switch (type) {
    case 'BOOLEAN':
      return String(usual !== 'true')
    case 'SHORT':
    case 'INT':
    case 'LONG':
      return usual === null ? '12345' : usual.length > 9 ? '54321' : String(Number(usual) + 1)
    case 'DOUBLE':
      return String(Number(usual) + 0.01)
    case 'CLASS':
      return 'com.example.Custom'
    default:
      return choice ?? 'other'
  }
}

const specialValues: Readonly<Record<string, string>> = {
  'security.protocol': 'SSL',
  'bootstrap.servers': 'other:9092',
  'sasl.mechanism': 'PLAIN',
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': join(folder, 'cert.pem'),
  'ssl.truststore.certificates': pem('cert'),
  'ssl.keystore.type': 'PEM',
  'ssl.keystore.location': join(folder, 'both.pem'),
  'ssl.keystore.key': pem('key'),
  'ssl.keystore.certificate.chain': pem('cert'),
  'ssl.enabled.protocols': 'TLSv1.3',
  'sasl.jaas.config': jaas,
  acks: '1',
  enabled: 'true',
}

test('every setting of Kafka, wherever it is written, has an effect or is said', () => {
  const silent: string[] = []
  for (const { owner, key, facts } of ofKafka) {
    for (const place of places[owner](key)) {
      if (base.some((line) => line.startsWith(`${place}=`))) continue
      const line = `${place}=${otherValue(key, facts)}`
      const { outcome, text } = see(contextOf(key), [line])
      if (outcome === 'silent' || outcome === 'unknown-key') silent.push(`${owner}: ${line}: ${outcome} ${text}`)
    }
  }
  assert.deepEqual([...new Set(silent)], [])
})

const declared: readonly (readonly [string, Setting<unknown>, readonly string[]])[] = [
  ...declaredAt(processSettings, ['']),
  ...declaredAt(flowSettings, ['A->B.']),
  ...declaredAt(workerSettings, ['B.']),
  ...declaredAt(consumerSettings, ['A.consumer.', 'A->B.source.consumer.']),
  ...declaredAt(producerSettings, ['B.producer.', 'A->B.producer.override.']),
  ...declaredAt(connectionSettings, [
    ...['A.consumer.', 'A.admin.', 'B.admin.', 'B.producer.'],
    ...['A->B.source.consumer.', 'A->B.source.admin.', 'A->B.target.admin.', 'A->B.producer.override.'],
  ]),
]

function declaredAt(
  settings: Readonly<Record<string, unknown>>,
  prefixes: readonly string[],
): (readonly [string, Setting<unknown>, readonly string[]])[] {
  return Object.entries(settings).map(([key, one]) => [
    key,
    one as Setting<unknown>,
    prefixes.map((each) => each + key),
  ])
}

test('every setting of twinlog is followed, or its value refused, where it belongs', () => {
  const wrong: string[] = []
  for (const [key, { type, default: usual }, keys] of declared) {
    for (const place of keys) {
      if (base.some((line) => line.startsWith(`${place}=`))) continue
      const facts = {
        type: type.name.toUpperCase(),
        default: usual === undefined ? null : String(usual),
        allowed: `[${type.range}]`,
      }
      const line = `${place}=${otherValue(key, facts)}`
      const { outcome, text } = see(contextOf(key), [line])
      if (outcome !== 'honoured' && outcome !== 'refused' && key !== 'acks') wrong.push(`${line}: ${outcome} ${text}`)
    }
  }
  assert.deepEqual(wrong, [])
})

/** The keys under which MirrorMaker 2 hands a setting on, and those that it drops. */
const scopeTraps = ofKafka.flatMap(({ owner, key, facts }) =>
  places[owner](key).flatMap((place) => {
    if (base.some((line) => line.startsWith(`${place}=`))) return []
    const value = otherValue(key, facts)
    const { outcome, worksAs } = see(contextOf(key), [`${place}=${value}`])
    return outcome === 'no-effect' && worksAs.length > 0 ? [{ key, place, value, worksAs }] : []
  }),
)

test('a line that is said to work elsewhere has an effect there, or is said to have none', () => {
  const wrong = scopeTraps.flatMap(({ key, place, value, worksAs }) => {
    const { outcome, text } = see(
      contextOf(key),
      worksAs.map((each) => `${each}=${value}`),
    )
    return outcome === 'no-effect' || outcome === 'silent' || outcome === 'unknown-key'
      ? [`${place}: ${worksAs.join(', ')}: ${outcome} ${text}`]
      : []
  })
  assert.deepEqual([...new Set(wrong)], [])
  assert.ok(scopeTraps.length > 500, String(scopeTraps.length))
})

/** Copies alone: whatever else is written has clients of its own, which the wider places reach too. */
const quiet = ['emit.heartbeats.enabled=false', 'emit.checkpoints.enabled=false', 'emit.offset-syncs.enabled=false']

test('with twinlog.strict.mm2.scoping=false a line has the effect that MirrorMaker 2 gives it elsewhere', () => {
  const meant = 'twinlog.strict.mm2.scoping=false'
  const wrong = scopeTraps.flatMap(({ key, place, value, worksAs }) => {
    // The addresses have to be there; and what is said of another cluster or of the process is a hint, not what the line means.
    const [alias = ''] = place.split('.')
    const isHint = ['A', 'B'].includes(alias) && !worksAs.some((each) => each.startsWith(alias))
    if (key === 'bootstrap.servers' || worksAs.includes('clusters') || isHint) return []
    const lines = [...base, ...quiet, ...contextOf(key)]
    const ours = planText(resolve([...lines, meant, `${place}=${value}`]).review)
    const theirs = planText(resolve([...lines, ...worksAs.map((each) => `${each}=${value}`)]).review)
    return ours === theirs ? [] : [`${place}: ${worksAs.join(', ')}`]
  })
  assert.deepEqual([...new Set(wrong)], [])
})

/** Where twinlog has another default than Kafka or Kafka Connect, and why. */
const otherDefaults: Readonly<Record<string, string>> = {
  enabled: 'the driver of MirrorMaker 2 says false where the file does not say',
  'sasl.mechanism': 'Kafka has GSSAPI, which is refused',
  'enable.idempotence': 'Kafka Connect switches it off; the sequence is the position here',
  'delivery.timeout.ms': "Kafka Connect's own",
  'compression.type': 'each batch keeps its codec',
  'auto.offset.reset': "MirrorMaker 2's own",
  'client.id': 'MirrorMaker 2 names its clients',
  'key.converter': "MirrorMaker 2's own",
  'value.converter': "MirrorMaker 2's own",
  'header.converter': "MirrorMaker 2's own",
  'bootstrap.servers': 'required here of every client',
}

test('every default is that of Kafka', () => {
  const owners = {
    ...ownersOf(flowSettings, ['source.connector', 'framework', 'DefaultConfigPropertyFilter', 'DefaultTopicFilter']),
    ...ownersOf(workerSettings, ['worker']),
    ...ownersOf(consumerSettings, ['consumer']),
    ...ownersOf(producerSettings, ['producer']),
    ...ownersOf(connectionSettings, ['consumer', 'producer', 'admin', 'worker']),
  }
  const wrong = declared.flatMap(([key, { type, default: usual, roleDefaults = {} }]) =>
    (owners[key] ?? []).flatMap((owner) => {
      const facts = kafka[owner][key]
      if (facts === undefined || otherDefaults[key] !== undefined) return []
      const ofRole = Object.entries(roleDefaults).find(([role]) => role === owner)
      const ours = ofRole === undefined ? usual : ofRole[1]
      const theirs = facts.default === null ? undefined : type.parse(facts.default)
      const same =
        JSON.stringify(ours) === JSON.stringify(theirs !== undefined && 'value' in theirs ? theirs.value : undefined)
      return same ? [] : [`${owner} ${key}: ${String(ours)}, Kafka ${facts.default}`]
    }),
  )
  assert.deepEqual(wrong, [])
})

function ownersOf(settings: object, owners: readonly SettingOwner[]): Record<string, readonly SettingOwner[]> {
  return Object.fromEntries(Object.keys(settings).map((key) => [key, owners]))
}
