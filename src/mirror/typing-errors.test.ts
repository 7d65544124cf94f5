import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planText } from '../../test/support/plan-text.ts'
import { TwinlogError } from '../base/catalogue.ts'
import { formatNotice } from '../config/notice.ts'
import { formatProblem } from '../config/problems.ts'
import { parsePropertiesBytes } from '../config/properties.ts'
import { reviewPlan } from './flow-plan-resolution.ts'

/*
 * A good file, and each slip that a tired person makes in it: what is said has to lead to the line, say what is wrong there, and what to write instead. Lines count from 1.
 */
const good = `# Orders go from A to B
clusters = A, B
A.bootstrap.servers = a1:9092,a2:9092
B.bootstrap.servers = b1:9092
A->B.enabled = true
A->B.topics = orders.*, payments
topics.exclude = .*-internal
B->A.enabled = false
replication.factor = 3
refresh.topics.interval.seconds = 60
replication.policy.class = org.apache.kafka.connect.mirror.IdentityReplicationPolicy
config.providers = env
config.providers.env.class = org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.env.param.allowlist.pattern = MM2_.*
B.security.protocol = SASL_PLAINTEXT
B.sasl.mechanism = PLAIN
B.sasl.jaas.config = org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="\${env:MM2_SECRET}";
A.consumer.fetch.max.bytes = 1000000
B.producer.batch.size = 65536
B.offset.flush.interval.ms = 10000
`

interface Slip {
  readonly name: string
  readonly from: string | RegExp
  readonly to: string
  /** Each has to be among what is said, with its line. */
  readonly said: readonly (readonly [line: number | null, text: RegExp])[]
}

const slips: readonly Slip[] = [
  // --- keys
  {
    name: 'a misspelt key',
    from: 'replication.factor',
    to: 'replicaton.factor',
    said: [[9, /replicaton\.factor: is not a known setting.*Did you mean replication\.factor\?/]],
  },
  {
    name: 'bootstrap.server',
    from: 'A.bootstrap.servers',
    to: 'A.bootstrap.server',
    said: [
      [3, /Did you mean A\.bootstrap\.servers\?/],
      [null, /A\.bootstrap\.servers: the cluster "A" has no addresses\. Set A\.bootstrap\.servers=/],
    ],
  },
  {
    name: 'enable for enabled',
    from: 'A->B.enabled',
    to: 'A->B.enable',
    said: [
      [5, /Did you mean A->B\.enabled\?/],
      [2, /no flow is enabled.*Set A->B\.enabled=true/],
    ],
  },
  {
    name: 'a key in upper case',
    from: 'clusters =',
    to: 'CLUSTERS =',
    said: [
      [2, /CLUSTERS: is not a known setting.*Did you mean clusters\?/],
      [null, /clusters: is missing\. List the aliases of all clusters: clusters=A,B/],
    ],
  },
  {
    name: 'a key with one capital',
    from: 'A->B.topics',
    to: 'A->B.Topics',
    said: [[6, /Did you mean A->B\.topics\?/]],
  },
  {
    name: 'a key with underscores',
    from: 'replication.factor',
    to: 'replication_factor',
    said: [[9, /Did you mean replication\.factor\?/]],
  },
  {
    name: 'a key in camel case',
    from: 'replication.factor',
    to: 'replicationFactor',
    said: [[9, /Did you mean replication\.factor\?/]],
  },
  {
    name: 'a key of a client misspelt',
    from: 'fetch.max.bytes',
    to: 'fetch.max.byte',
    said: [[18, /Did you mean A\.consumer\.fetch\.max\.bytes\?/]],
  },
  { name: 'a client misspelt', from: 'A.consumer', to: 'A.consmer', said: [[18, /A\.consmer\.fetch\.max\.bytes: /]] },
  {
    name: 'nothing but a key',
    from: 'replication.factor = 3',
    to: 'replication.factor',
    said: [[9, /must be a whole number, not ""\. It has no value/]],
  },
  {
    name: 'two keys on one line',
    from: 'replication.factor = 3\n',
    to: 'replication.factor = 3 ',
    said: [[9, /must be a whole number/]],
  },
  {
    name: 'a key twice',
    from: 'replication.factor = 3',
    to: 'replication.factor = 3\nreplication.factor = 2',
    said: [[9, /a later line with the same key \(10\) takes its place/]],
  },
  {
    name: 'a word that is no setting',
    from: 'replication.factor = 3',
    to: 'replicate everything',
    said: [[9, /replicate: is not a known setting/]],
  },
  {
    name: 'a former name',
    from: 'topics.exclude',
    to: 'topics.blacklist',
    said: [[7, /is read as topics\.exclude; Kafka 4 ignores this former name/]],
  },
  {
    name: 'nearly a former name',
    from: 'topics.exclude',
    to: 'topic.blacklist',
    said: [[7, /Did you mean topics\.blacklist\?/]],
  },
  { name: 'a comment by //', from: '# Orders go', to: '// Orders go', said: [[1, /\/\/: is not a known setting/]] },
  // --- flows and aliases
  {
    name: '-->',
    from: 'A->B.enabled',
    to: 'A-->B.enabled',
    said: [
      [5, /A-->B\.enabled: has --> between two aliases.*Write A->B\.enabled/],
      [2, /no flow is enabled/],
    ],
  },
  {
    name: '=>',
    from: 'A->B.enabled',
    to: 'A=>B.enabled',
    said: [[5, /A: is where the key ends: a blank, = or : ends it.*Write A->B\.enabled=true/]],
  },
  {
    name: 'blanks round the arrow',
    from: 'A->B.enabled',
    to: 'A -> B.enabled',
    said: [[5, /A: is where the key ends.*Write A->B\.enabled=true/]],
  },
  {
    name: 'a blank in the arrow',
    from: 'A->B.enabled',
    to: 'A- >B.enabled',
    said: [[5, /A-: is where the key ends.*Write A->B\.enabled=true/]],
  },
  {
    name: 'a blank for the dot',
    from: 'A->B.enabled',
    to: 'A->B enabled',
    said: [[5, /A->B: is where the key ends.*Write A->B\.enabled = true/]],
  },
  {
    name: 'a colon for the dot',
    from: 'A->B.topics',
    to: 'A->B:topics',
    said: [[6, /A->B: is where the key ends.*Write A->B\.topics/]],
  },
  { name: '>', from: 'A->B.enabled', to: 'A>B.enabled', said: [[5, /has > between two aliases.*Write A->B\.enabled/]] },
  { name: '-', from: 'A->B.enabled', to: 'A-B.enabled', said: [[5, /has - between two aliases.*Write A->B\.enabled/]] },
  {
    name: 'a dot for the arrow',
    from: 'A->B.topics',
    to: 'A.B.topics',
    said: [[6, /has \. between two aliases.*Write A->B\.topics|A\.B\.topics: /]],
  },
  {
    name: 'an arrow of a word processor',
    from: 'A->B.enabled',
    to: 'A→B.enabled',
    said: [[5, /has → between two aliases.*Write A->B\.enabled/]],
  },
  {
    name: 'a dash of a word processor',
    from: 'A->B.enabled',
    to: 'A–>B.enabled',
    said: [[5, /between two aliases.*Write A->B\.enabled/]],
  },
  { name: 'the arrow backwards', from: 'A->B.enabled', to: 'A<-B.enabled', said: [[5, /A<-B\.enabled: /]] },
  {
    name: 'an alias in lower case',
    from: 'A->B.enabled',
    to: 'a->B.enabled',
    said: [[5, /"a" is not among the clusters A, B\. Write A->B\.enabled/]],
  },
  {
    name: 'an alias that is not there',
    from: 'A->B.topics',
    to: 'A->C.topics',
    said: [[6, /"C" is not among the clusters A, B.*Correct the alias, or add it to clusters/]],
  },
  {
    name: 'an alias of a cluster in lower case',
    from: 'A.bootstrap',
    to: 'a.bootstrap',
    said: [[3, /"a" is not among the clusters A, B.*Write A\.bootstrap\.servers/]],
  },
  {
    name: 'an alias that clusters lacks',
    from: 'clusters = A, B',
    to: 'clusters = A',
    said: [
      [4, /"B" is not among the clusters A/],
      [5, /A->B\.enabled: "B" is not among the clusters A/],
    ],
  },
  {
    name: 'a setting under the wrong flow',
    from: 'A->B.topics',
    to: 'B->A.topics',
    said: [[6, /the flow B->A is not enabled/]],
  },
  {
    name: 'a flow to itself',
    from: 'A->B.topics',
    to: 'A->A.enabled',
    said: [[6, /a cluster is never copied to itself/]],
  },
  {
    name: 'no line clusters',
    from: 'clusters = A, B\n',
    to: '',
    said: [[null, /clusters: is missing\. List the aliases of all clusters: clusters=A,B\./]],
  },
  {
    name: 'no flow',
    from: 'A->B.enabled = true\n',
    to: '',
    said: [[2, /no flow is enabled between the clusters A, B\. Set A->B\.enabled=true/]],
  },
  // --- lists
  {
    name: 'a comma missing between aliases',
    from: 'clusters = A, B',
    to: 'clusters = A B',
    said: [[2, /an alias holds a blank; write the aliases separated by commas/]],
  },
  {
    name: 'a comma at the end of the aliases',
    from: 'clusters = A, B',
    to: 'clusters = A, B,',
    said: [[2, /has an empty element: two commas in a row, or one at an end/]],
  },
  {
    name: 'a comma missing between topics',
    from: 'orders.*, payments',
    to: 'orders.* payments',
    said: [[6, /no topic has a blank in its name, so "orders\.\* payments" matches none; a comma separates/]],
  },
  {
    name: 'a comma at the end of topics',
    from: 'orders.*, payments',
    to: 'orders.*, payments,',
    said: [[6, /has an empty element/]],
  },
  {
    name: 'semicolons in a list',
    from: 'orders.*, payments',
    to: 'orders.*; payments',
    said: [[6, /no topic has ; in its name|no topic has a blank/]],
  },
  {
    name: 'a comma missing between addresses',
    from: 'a1:9092,a2',
    to: 'a1:9092 a2',
    said: [[3, /"a1:9092 a2:9092" is not an address\. Write host:port.*Commas/]],
  },
  { name: 'a semicolon between addresses', from: 'a1:9092,a2', to: 'a1:9092;a2', said: [[3, /is not an address/]] },
  {
    name: 'brackets round a list',
    from: 'orders.*, payments',
    to: '[orders.*, payments]',
    said: [[6, /the brackets make one character class of the list.*write the list without them/]],
  },
  // --- addresses
  { name: 'no port', from: 'b1:9092', to: 'b1', said: [[4, /"b1" is not an address\. Write host:port/]] },
  {
    name: 'a port that is none',
    from: 'b1:9092',
    to: 'b1:99092',
    said: [[4, /"b1:99092" is not an address\. Write host:port, with a port from 1 to 65535/]],
  },
  { name: 'a letter in a port', from: 'b1:9092', to: 'b1:9O92', said: [[4, /"b1:9O92" is not an address/]] },
  { name: 'an address in quotes', from: 'b1:9092', to: '"b1:9092"', said: [[4, /the quotes belong to the value/]] },
  // --- values
  {
    name: 'a wrong boolean',
    from: 'enabled = true',
    to: 'enabled = yes',
    said: [[5, /must be true or false, not "yes"\. Write true/]],
  },
  {
    name: 'a misspelt boolean',
    from: 'enabled = true',
    to: 'enabled = ture',
    said: [[5, /must be true or false, not "ture"\. Allowed: true, false/]],
  },
  {
    name: 'a boolean in quotes',
    from: 'enabled = true',
    to: 'enabled = "true"',
    said: [[5, /Write it without quotes/]],
  },
  { name: 'smart quotes', from: 'enabled = true', to: 'enabled = “true”', said: [[5, /Write it without quotes/]] },
  {
    name: 'topics in smart quotes',
    from: 'orders.*, payments',
    to: '“orders”',
    said: [[6, /the quotes belong to the value; write it without them/]],
  },
  {
    name: 'a number with its unit',
    from: 'seconds = 60',
    to: 'seconds = 60s',
    said: [[10, /not "60s"\. Write the number alone: its unit is seconds/]],
  },
  {
    name: 'a number with a blank and its unit',
    from: 'interval.ms = 10000',
    to: 'interval.ms = 10 s',
    said: [[20, /Write the number alone: its unit is milliseconds/]],
  },
  {
    name: 'a number of bytes with its unit',
    from: 'bytes = 1000000',
    to: 'bytes = 1MB',
    said: [[18, /Write the number alone: its unit is bytes/]],
  },
  {
    name: 'separators in a number',
    from: 'bytes = 1000000',
    to: 'bytes = 1,000,000',
    said: [[18, /Write the digits alone/]],
  },
  { name: 'a fraction', from: 'factor = 3', to: 'factor = 3.0', said: [[9, /must be a whole number, not "3\.0"/]] },
  {
    name: 'a letter for a digit',
    from: 'factor = 3',
    to: 'factor = l',
    said: [[9, /must be a whole number, not "l"/]],
  },
  {
    name: 'a number too large',
    from: 'factor = 3',
    to: 'factor = 3000000000',
    said: [[9, /is 3000000000, outside -1 to 2147483647/]],
  },
  { name: 'a negative number', from: 'seconds = 60', to: 'seconds = -60', said: [[10, /is -60, outside at least 1/]] },
  {
    name: 'a comment behind a number',
    from: 'factor = 3',
    to: 'factor = 3 # three',
    said: [[9, /A comment needs a line of its own/]],
  },
  {
    name: 'a comment behind topics',
    from: 'orders.*, payments',
    to: 'orders.*, payments # both',
    said: [[6, /what follows # belongs to the value; a comment needs a line of its own/]],
  },
  {
    name: 'a comment behind a boolean',
    from: 'enabled = true',
    to: 'enabled = true   # on',
    said: [[5, /A comment needs a line of its own/]],
  },
  {
    name: 'a choice misspelt',
    from: 'SASL_PLAINTEXT',
    to: 'SASL-PLAINTEXT',
    said: [[15, /must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, not "SASL-PLAINTEXT"/]],
  },
  {
    name: 'a mechanism misspelt',
    from: 'mechanism = PLAIN',
    to: 'mechanism = SCRAM-SHA512',
    said: [[16, /SCRAM-SHA512 is not supported\. Use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512/]],
  },
  {
    name: 'a class misspelt',
    from: 'IdentityReplicationPolicy',
    to: 'IdentityReplicationPolcy',
    said: [[11, /the class org\.apache\.kafka\.connect\.mirror\.IdentityReplicationPolcy is not known/]],
  },
  { name: 'no semicolon behind a login module', from: '}";', to: '}"', said: [[17, /does not end with a semicolon/]] },
  {
    name: 'a login module for another mechanism',
    from: 'mechanism = PLAIN',
    to: 'mechanism = SCRAM-SHA-512',
    said: [[17, /PlainLoginModule does not fit the mechanism SCRAM-SHA-512/]],
  },
  {
    name: 'a blank that cannot be seen, in a value',
    from: 'factor = 3',
    to: 'factor =\u00a03',
    said: [[9, /holds U\+00A0, which cannot be seen/]],
  },
  {
    name: 'a blank that cannot be seen, in a key',
    from: 'replication.factor',
    to: 'replication.\u200bfactor',
    said: [[9, /holds the character U\+200B, which cannot be seen/]],
  },
  // --- regular expressions
  {
    name: '* for .*',
    from: 'orders.*, payments',
    to: '*',
    said: [[6, /has an error at column 1.*What stands for anything is \.\* here/]],
  },
  {
    name: 'a shell pattern',
    from: 'orders.*, payments',
    to: 'orders*',
    said: [[6, /"orders\*" does not match every name that begins with orders.*write orders\.\*/]],
  },
  {
    name: 'a parenthesis that is not closed',
    from: 'orders.*, payments',
    to: '(orders|payments',
    said: [[6, /regular expression \(orders\|payments has an error at column/]],
  },
  {
    name: 'a comma in a repetition',
    from: 'orders.*, payments',
    to: 'o{1,2}',
    said: [[6, /A comma always separates two expressions/]],
  },
  {
    name: 'a single backslash before a letter',
    from: 'orders.*, payments',
    to: 'orders-\\d+',
    said: [[6, /the backslash before d is dropped.*write two of them/]],
  },
  {
    name: 'topics in quotes',
    from: 'orders.*, payments',
    to: '"orders"',
    said: [[6, /the quotes belong to the value/]],
  },
  // --- references and providers
  {
    name: 'a provider misspelt in a reference',
    from: '{env:',
    to: '{evn:',
    said: [[17, /the reference \$\{evn:MM2_SECRET\} stays as it is: config\.providers names no usable provider "evn"/]],
  },
  {
    name: 'a variable that is not set',
    from: 'MM2_SECRET',
    to: 'MM2_SECRETS',
    said: [[17, /the reference \$\{env:MM2_SECRETS\} stays as it is/]],
  },
  {
    name: 'a variable that is not allowed',
    from: 'pattern = MM2_.*',
    to: 'pattern = MM3_.*',
    said: [[17, /the reference \$\{env:MM2_SECRET\} stays as it is/]],
  },
  {
    name: "a shell's variable",
    from: '${env:MM2_SECRET}',
    to: '${MM2_SECRET}',
    said: [[17, /\$\{MM2_SECRET\} is not replaced: a reference names its provider; write \$\{env:MM2_SECRET\}/]],
  },
  {
    name: 'a provider misspelt where it is declared',
    from: 'config.providers = env',
    to: 'config.providers = evn',
    said: [
      [12, /the provider "evn" has no class\. Set config\.providers\.evn\.class/],
      [13, /config\.providers does not name "env", only evn/],
    ],
  },
  {
    name: 'the class of a provider misspelt',
    from: 'EnvVarConfigProvider',
    to: 'EnvConfigProvider',
    said: [[13, /twinlog does not have this provider\. Use FileConfigProvider/]],
  },
  {
    name: 'a parameter of a provider misspelt',
    from: 'allowlist.pattern',
    to: 'allowed.pattern',
    said: [
      [14, /EnvVarConfigProvider has the parameter config\.providers\.env\.param\.allowlist\.pattern and no other/],
    ],
  },
  {
    name: 'the declaration of providers misspelt',
    from: 'config.providers = env',
    to: 'config.provider = env',
    said: [
      [12, /Did you mean config\.providers\?/],
      [17, /config\.providers names no usable provider "env"/],
    ],
  },
  // --- the file as a whole
  {
    name: 'a backslash at the end of a line',
    from: 'payments\n',
    to: 'payments\\\n',
    said: [[6, /the line of topics\.exclude became part of the value; remove the backslash/]],
  },
  {
    name: 'YAML',
    from: /^[^]*$/,
    to: 'clusters:\n  - alias: A\n    bootstrapServers: a:1\n',
    said: [
      [1, /clusters: names no cluster/],
      [2, /-: is not the key of a \.properties file.*YAML/],
    ],
  },
  {
    name: 'JSON',
    from: /^[^]*$/,
    to: '{\n  "clusters": "A,B"\n}\n',
    said: [
      [1, /\{: is not the key of a \.properties file/],
      [2, /"clusters": is not the key of a \.properties file/],
    ],
  },
  {
    name: 'a custom resource',
    from: /^[^]*$/,
    to: 'apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaMirrorMaker2\nspec:\n  clusters:\n',
    said: [
      [1, /apiVersion: is not the key.*YAML/],
      [3, /spec: has no value and is no setting.*YAML/],
    ],
  },
  {
    name: 'shell variables',
    from: 'clusters =',
    to: 'export clusters=',
    said: [[2, /export: is not the key of a \.properties file.*shell variables/]],
  },
  {
    name: 'a byte order mark',
    from: /^/,
    to: '\ufeff',
    said: [[null, /begins with a byte order mark, which is left out.*Save the file without it/]],
  },
  {
    name: 'letters that are not ASCII',
    from: 'orders.*, payments',
    to: 'bestellungen-für',
    said: [[null, /was read as UTF-8; MirrorMaker 2 would read it as ISO-8859-1/]],
  },
]

/** Everything that is said of a file, one a line. */
function saidOf(text: string): readonly string[] {
  const file = parsePropertiesBytes(Buffer.from(text), 'mm2.properties')
  const { problems, notices } = reviewPlan(file, { environment: { MM2_SECRET: 'pw' } })
  return [
    ...problems.map((problem) => formatProblem(problem).trim()),
    ...notices.filter(({ kind }) => kind !== 'not-done-yet' && kind !== 'by-default').map(formatNotice),
  ]
}

test('of the good file nothing is said', () => assert.deepEqual(saidOf(good), []))

for (const { name, from, to, said } of slips) {
  test(`${name} is said with line, cause and remedy`, () => {
    const text = good.replace(from, () => to)
    assert.notEqual(text, good)
    const lines = saidOf(text)
    for (const [line, expected] of said) {
      const place = line === null ? 'mm2.properties:' : `mm2.properties:${line}:`
      const found = lines.some((each) => each.startsWith(place) && expected.test(each))
      assert.ok(found, `${expected} at line ${line}, not in:\n${lines.join('\n')}`)
    }
  })
}

for (const [name, change] of [
  ['Windows line ends', (text: string) => text.replaceAll('\n', '\r\n')],
  ['line ends of old Macs', (text: string) => text.replaceAll('\n', '\r')],
  ['tabs for blanks', (text: string) => text.replaceAll(' = ', '\t=\t')],
  ['colons', (text: string) => text.replaceAll(' = ', ': ')],
  ['blanks at the ends of lines', (text: string) => text.replaceAll('\n', '  \n')],
  ['no line end at the end', (text: string) => text.trimEnd()],
] as const) {
  test(`${name} change nothing`, () => {
    const plan = (text: string) =>
      planText(reviewPlan(parsePropertiesBytes(Buffer.from(text), 'f'), { environment: { MM2_SECRET: 'pw' } }))
    assert.equal(plan(change(good)), plan(good))
    assert.deepEqual(saidOf(change(good)), [])
  })
}

test('a file in UTF-16 is refused with what to do', () => {
  assert.throws(
    () => parsePropertiesBytes(Buffer.from(`\ufeff${good}`, 'utf16le'), 'mm2.properties'),
    (error) => error instanceof TwinlogError && /mm2\.properties.*UTF-16.*save it as UTF-8/.test(error.message),
  )
})
