import type { Property } from './properties.ts'
import type { Resolution } from './resolution.ts'

/** What a provider may be set to, by its class. */
const parameters: Readonly<Record<string, string>> = {
  FileConfigProvider: 'allowed.paths',
  DirectoryConfigProvider: 'allowed.paths',
  EnvVarConfigProvider: 'allowlist.pattern',
}

/** Says of a line `config.providers.<name>.<key>` why it has no effect, if it has none. Source: Plugins.newConfigProvider. */
export function sayProviderKey(resolution: Resolution, property: Property): void {
  const { properties } = resolution.file
  const [, name = '', rest = ''] = /^config\.providers\.([^.]+)\.?(.*)$/.exec(property.key) ?? []
  const names = (properties.get('config.providers')?.value ?? '').split(',').map((each) => each.trim())
  const say = (text: string): void => resolution.notice(property, 'no-effect', 'warning', `has no effect: ${text}`)
  if (!names.includes(name))
    return say(`config.providers does not name "${name}", only ${names.join(', ') || 'nothing'}`)
  if (rest === 'class') return
  const className = properties.get(`config.providers.${name}.class`)?.value.trim().split('.').at(-1) ?? ''
  const known = parameters[className]
  if (known === undefined || rest === `param.${known}`) return
  say(`${className} has the parameter config.providers.${name}.param.${known} and no other`)
}
