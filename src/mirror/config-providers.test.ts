import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseProperties } from '../config/properties.ts'
import { reviewPlan } from './flow-plan-resolution.ts'

const folder = mkdtempSync(join(tmpdir(), 'twinlog-providers-'))
after(() => rmSync(folder, { recursive: true }))
mkdirSync(join(folder, 'open'))
mkdirSync(join(folder, 'openness'))
writeFileSync(join(folder, 'open', 'f.properties'), 'rf = 4\nname=für\n')
writeFileSync(join(folder, 'openness', 'f.properties'), 'rf = 5\n')
writeFileSync(join(folder, 'open', 'rf'), '6')

const base = 'clusters=A,B\nA.bootstrap.servers=a:1\nB.bootstrap.servers=b:1\nA->B.enabled=true\n'
const kafka = 'org.apache.kafka.common.config.provider'

/** What a value comes to, read through one provider `p`; what is said of its line. */
function read(provider: string, parameters: string, value: string) {
  const lines = `config.providers=p\nconfig.providers.p.class=${kafka}.${provider}\n${parameters}\nreplication.factor=${value}\n`
  const environment = { RF: '7', OTHER: '8' }
  const { flows, problems, notices } = reviewPlan(parseProperties(base + lines, 'f'), { environment })
  const said = [
    ...problems.map(({ line, cause }) => `${line}: ${cause}`),
    ...notices.map(({ line, text }) => `${line}: ${text}`),
  ]
  return { factor: flows[0]?.topics.replicationFactor, said: said.filter((each) => !each.startsWith('undefined')) }
}

const param = (key: string, value: string): string => `config.providers.p.param.${key}=${value}`
const stays = /^8: the reference \$\{p:.* stays as it is: there is no such key, or the provider may not read it$/

for (const [name, provider, parameters, value, factor, said] of [
  ['a key of a file', 'FileConfigProvider', '', `\${p:${folder}/open/f.properties:rf}`, 4, null],
  [
    'a file in an allowed folder',
    'FileConfigProvider',
    param('allowed.paths', `${folder}/open`),
    `\${p:${folder}/open/f.properties:rf}`,
    4,
    null,
  ],
  [
    'a file that is allowed itself, of two',
    'FileConfigProvider',
    param('allowed.paths', `/tmp,${folder}/open/f.properties`),
    `\${p:${folder}/open/f.properties:rf}`,
    4,
    null,
  ],
  [
    'a file outside the allowed folder',
    'FileConfigProvider',
    param('allowed.paths', `${folder}/open`),
    `\${p:${folder}/openness/f.properties:rf}`,
    2,
    stays,
  ],
  [
    'a way out of the allowed folder',
    'FileConfigProvider',
    param('allowed.paths', `${folder}/open`),
    `\${p:${folder}/open/../openness/f.properties:rf}`,
    2,
    stays,
  ],
  ['a key that the file lacks', 'FileConfigProvider', '', `\${p:${folder}/open/f.properties:none}`, 2, stays],
  [
    'a file that is not there',
    'FileConfigProvider',
    '',
    `\${p:${folder}/none:rf}`,
    2,
    /^8: the reference .* cannot be resolved: .*none cannot be read/,
  ],
  [
    'an allowed path that is relative',
    'FileConfigProvider',
    param('allowed.paths', 'open'),
    '3',
    3,
    /^7: the path "open" is not absolute$/,
  ],
  [
    'an allowed path that is not there',
    'DirectoryConfigProvider',
    param('allowed.paths', '/tmp, /tmp'),
    '3',
    3,
    /^7: the path " \/tmp" is not absolute$/,
  ],
  ['a file of a folder', 'DirectoryConfigProvider', param('allowed.paths', folder), `\${p:${folder}/open:rf}`, 6, null],
  ['a file that the folder lacks', 'DirectoryConfigProvider', '', `\${p:${folder}/open:none}`, 2, stays],
  ['a folder for a file', 'DirectoryConfigProvider', '', `\${p:${folder}:open}`, 2, stays],
  [
    'a folder that is not allowed',
    'DirectoryConfigProvider',
    param('allowed.paths', `${folder}/openness`),
    `\${p:${folder}/open:rf}`,
    2,
    stays,
  ],
  ['a variable', 'EnvVarConfigProvider', '', '${p:RF}', 7, null],
  ['a variable that the pattern allows', 'EnvVarConfigProvider', param('allowlist.pattern', 'R.*'), '${p:RF}', 7, null],
  [
    'a variable that the pattern does not allow as a whole',
    'EnvVarConfigProvider',
    param('allowlist.pattern', 'OTH'),
    '${p:OTHER}',
    2,
    stays,
  ],
  [
    'a variable with a path',
    'EnvVarConfigProvider',
    '',
    '${p:x:RF}',
    2,
    /^8: the reference .* an environment variable has no path, but "x" was given$/,
  ],
  [
    'a pattern that is none',
    'EnvVarConfigProvider',
    param('allowlist.pattern', '('),
    '3',
    3,
    /^7: The regular expression \( has an error/,
  ],
  ['two references and text between them', 'EnvVarConfigProvider', '', '${p:RF}${p:OTHER}0', 780, null],
  [
    'a reference to another provider',
    'EnvVarConfigProvider',
    '',
    '${q:RF}',
    2,
    /^8: the reference \$\{q:RF\} stays as it is: config\.providers names no usable provider "q"$/,
  ],
] as const) {
  test(`${provider}: ${name}`, () => {
    const seen = read(provider, parameters, value)
    assert.equal(seen.factor, factor)
    if (said === null) assert.deepEqual(seen.said, [])
    else
      assert.ok(
        seen.said.some((each) => said.test(each)),
        seen.said.join('\n'),
      )
  })
}
