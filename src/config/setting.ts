import type { SettingType } from './setting-type.ts'

/** Where a setting is looked for; the reference page explains each (docs/settings.md). */
export type SettingScope = 'process' | 'flow' | 'worker' | 'client' | 'consumer' | 'producer'

/** One setting: everything that is known about it is said here, once. */
export interface Setting<Value, Default extends Value | undefined = Value | undefined> {
  readonly type: SettingType<Value>
  /** Undefined: there is none, and reading gives undefined where the user set nothing. */
  readonly default: Default
  readonly importance: 'high' | 'medium' | 'low'
  readonly scope: SettingScope
  /** Version of twinlog that brought it. */
  readonly since: string
  readonly doc: string
  /** Where Kafka's default differs by client: consumer, producer, admin, or Connect's worker. */
  readonly roleDefaults?: Partial<Readonly<Record<ClientRole, Value>>>
}

export type ClientRole = 'consumer' | 'producer' | 'admin' | 'worker'

/** Declares a setting. The name is its key in the table that it stands in, spelt as the user writes it. */
export function setting<Value, const Default extends Value | undefined>(
  declaration: Setting<Value, Default>,
): Setting<Value, Default> {
  return declaration
}
