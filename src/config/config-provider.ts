import { readFileSync, statSync } from 'node:fs'
import { join, normalize, resolve, sep } from 'node:path'
import { parseProperties } from './properties.ts'
import type { Property } from './properties.ts'

/** Looks one reference up. Undefined: there is no such key. A `problem` is worth an error: the place cannot be read. */
export type Lookup = { readonly value: string } | { readonly problem: string } | undefined

/** Resolves `${name:path:key}`. Source: org.apache.kafka.common.config.provider.ConfigProvider. */
export interface ConfigProvider {
  lookUp(path: string, key: string): Lookup
}

/** What a provider may be set to, beside its class (`config.providers.<name>.param.<key>`). */
export type ProviderParameters = ReadonlyMap<string, Property>

/** Largest file that is read for a reference; more is a mistake. */
const sizeMax = 16 * 1024 * 1024

/** FileConfigProvider: a key of a .properties file, read as UTF-8. Parameter allowed.paths. */
export function createFileProvider(parameters: ProviderParameters): ConfigProvider {
  const isAllowed = allowedPaths(parameters)
  return {
    lookUp(path, key) {
      if (path === '' || !isAllowed(path)) return undefined
      const text = readText(path)
      if (typeof text !== 'string') return text
      const property = parseProperties(text, path).properties.get(key)
      return property === undefined ? undefined : { value: property.value }
    },
  }
}

/** DirectoryConfigProvider: the content of a file in a directory, the file's name being the key. Parameter allowed.paths. */
export function createDirectoryProvider(parameters: ProviderParameters): ConfigProvider {
  const isAllowed = allowedPaths(parameters)
  return {
    lookUp(path, key) {
      if (path === '' || key === '' || key.includes(sep) || key === '..' || !isAllowed(path)) return undefined
      const file = join(path, key)
      if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return undefined
      const text = readText(file)
      return typeof text === 'string' ? { value: text } : text
    },
  }
}

/** EnvVarConfigProvider: an environment variable. Parameter allowlist.pattern is judged by the caller's `isAllowed`. */
export function createEnvironmentProvider(
  environment: Readonly<Record<string, string | undefined>>,
  isAllowed: (name: string) => boolean,
): ConfigProvider {
  return {
    lookUp(path, key) {
      if (path !== '') return { problem: `an environment variable has no path, but "${path}" was given` }
      const value = isAllowed(key) ? environment[key] : undefined
      return value === undefined ? undefined : { value }
    },
  }
}

function allowedPaths(parameters: ProviderParameters): (path: string) => boolean {
  const setting = parameters.get('allowed.paths')
  if (setting === undefined || setting.value.trim() === '') return () => true
  const roots = setting.value.split(',').map((root) => normalize(resolve(root.trim())))
  return (path) => {
    const absolute = normalize(resolve(path))
    return roots.some((root) => absolute === root || absolute.startsWith(root.endsWith(sep) ? root : root + sep))
  }
}

function readText(path: string): string | { problem: string } {
  try {
    const size = statSync(path).size
    if (size > sizeMax) return { problem: `${path} has ${size} bytes, more than ${sizeMax}` }
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    return { problem: `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}` }
  }
}
