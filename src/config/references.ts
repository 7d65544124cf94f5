import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { TwinlogError } from '../base/catalogue.ts'
import { createDirectoryProvider, createEnvironmentProvider, createFileProvider } from './config-provider.ts'
import type { ConfigProvider } from './config-provider.ts'
import type { Notice } from './notice.ts'
import type { Problems } from './problems.ts'
import type { Property } from './properties.ts'
import { list } from './setting-type.ts'
import type { View } from './view.ts'

/** What resolving needs from outside: only main.ts reads process.env, and Java's regular expressions live above this folder. */
export interface ReferenceOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Compiles a Java regular expression for whole-name matching; throws PATTERN_INVALID or PATTERN_UNSUPPORTED. */
  readonly compilePattern: (pattern: string) => (name: string) => boolean
}

type Say = (at: Property, kind: Notice['kind'], level: Notice['level'], text: string) => void

/** Kafka's ConfigTransformer.DEFAULT_PATTERN: `${provider:[path:]key}`. */
const referencePattern = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g

/**
 * Resolves `${provider:[path:]key}` in values with the providers that the file declares. A reference that cannot be resolved stays as it
 * is, as in MirrorMaker 2, but is said. Resolving is not repeated on its result. Source: ConfigTransformer, FileConfigProvider and others.
 */
export class References {
  readonly #providers = new Map<string, ConfigProvider>()
  readonly #resolved = new Map<Property, string>()
  readonly #problems: Problems
  readonly #say: Say

  constructor(properties: View, options: ReferenceOptions, problems: Problems, say: Say) {
    this.#problems = problems
    this.#say = say
    const names = properties.get('config.providers')
    const parsed = names === undefined ? { value: [] } : list().parse(names.value)
    if (names !== undefined && 'problem' in parsed)
      problems.add(names, parsed.problem, 'Write the names separated by commas.')
    for (const name of 'value' in parsed ? parsed.value : []) {
      const provider = createProvider(name, properties, options, problems)
      if (provider !== undefined) this.#providers.set(name, provider)
    }
  }

  /** @returns the property's value with all references replaced that can be */
  resolve(property: Property): string {
    const known = this.#resolved.get(property)
    if (known !== undefined) return known
    const resolved = property.value.replace(
      referencePattern,
      (reference, provider: string, path: string | undefined, key: string) =>
        this.#lookUp(property, { reference, provider, path: path ?? '', key }),
    )
    this.#resolved.set(property, resolved)
    return resolved
  }

  #lookUp(
    property: Property,
    { reference, provider: name, path, key }: { reference: string; provider: string; path: string; key: string },
  ): string {
    const provider = this.#providers.get(name)
    if (provider === undefined) {
      this.#say(
        property,
        'changed',
        'warning',
        `the reference ${reference} stays as it is: config.providers names no usable provider "${name}"`,
      )
      return reference
    }
    const found = provider.lookUp(path, key)
    if (found === undefined) {
      this.#say(
        property,
        'changed',
        'warning',
        `the reference ${reference} stays as it is: there is no such key, or the provider may not read it`,
      )
      return reference
    }
    if ('value' in found) return found.value
    this.#problems.add(
      property,
      `the reference ${reference} cannot be resolved: ${found.problem}`,
      'Correct the reference, or make the place readable.',
    )
    return reference
  }
}

function createProvider(
  name: string,
  properties: View,
  options: ReferenceOptions,
  problems: Problems,
): ConfigProvider | undefined {
  const classKey = `config.providers.${name}.class`
  const className = properties.get(classKey)
  if (className === undefined) {
    problems.add(
      properties.get('config.providers') ?? classKey,
      `the provider "${name}" has no class`,
      `Set ${classKey}.`,
    )
    return undefined
  }
  const prefix = `config.providers.${name}.param.`
  const parameters = new Map(
    [...properties]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, property]) => [key.slice(prefix.length), property]),
  )
  refuseWrongPaths(parameters.get('allowed.paths'), problems)
  switch (className.value.trim().replace(/^org\.apache\.kafka\.common\.config\.provider\./, '')) {
    case 'FileConfigProvider':
      return createFileProvider(parameters)
    case 'DirectoryConfigProvider':
      return createDirectoryProvider(parameters)
    case 'EnvVarConfigProvider':
      return createEnvironmentProvider(
        options.environment,
        compileAllowlist(parameters.get('allowlist.pattern'), options, problems),
      )
    default:
      problems.add(
        className,
        `twinlog does not have this provider`,
        'Use FileConfigProvider, DirectoryConfigProvider or EnvVarConfigProvider.',
      )
      return undefined
  }
}

/** Source: AllowedPaths, which does not drop blanks round a path. */
function refuseWrongPaths(property: Property | undefined, problems: Problems): void {
  for (const path of property === undefined || property.value === '' ? [] : property.value.split(',')) {
    if (property === undefined) return
    const wrong = !isAbsolute(path) ? 'is not absolute' : existsSync(path) ? undefined : 'does not exist'
    if (wrong === undefined) continue
    problems.add(property, `the path "${path}" ${wrong}`, 'Name existing folders or files, separated by commas alone.')
  }
}

function compileAllowlist(
  property: Property | undefined,
  { compilePattern }: ReferenceOptions,
  problems: Problems,
): (name: string) => boolean {
  if (property === undefined) return () => true
  try {
    return compilePattern(property.value.trim())
  } catch (error) {
    if (!(error instanceof TwinlogError) || error.kind !== 'configuration') throw error
    problems.add(property, error.message.replace(/\.$/, ''), 'Correct the expression.')
    return () => false
  }
}
