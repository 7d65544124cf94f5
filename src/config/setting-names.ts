import { inheritedClientKeys } from './client-keys.ts'
import { connectionSettings, consumerSettings, producerSettings } from './connection-settings.ts'
import { flowSettings, formerNames } from './flow-settings.ts'
import { findOtherSetting, otherSettings } from './other-setting.ts'
import { processSettings } from './process-settings.ts'
import { workerSettings } from './worker-settings.ts'

export type ClientName = 'consumer' | 'producer' | 'admin'

const clientSettings = { consumer: consumerSettings, producer: producerSettings, admin: {} } as const

/** Every name that a setting may have, without the place that it stands at. */
export const settingNames: readonly string[] = [
  ...new Set([
    ...[processSettings, flowSettings, workerSettings, connectionSettings, consumerSettings, producerSettings].flatMap(
      (settings) => Object.keys(settings),
    ),
    ...otherSettings.keys(),
    ...inheritedClientKeys,
    ...Object.values(formerNames),
  ]),
]

const names: ReadonlySet<string> = new Set(settingNames)

/** @returns whether some part of MirrorMaker 2 or of twinlog has a setting of this name */
export function isSettingName(name: string): boolean {
  return names.has(name) || findOtherSetting(name, ['flow', 'worker', 'client', 'process']) !== undefined
}

export function isProcessSetting(name: string): boolean {
  return Object.hasOwn(processSettings, name) || findOtherSetting(name, ['process']) !== undefined
}

/** A setting of connectors: at top level or for a flow. */
export function isFlowSetting(name: string): boolean {
  return Object.hasOwn(flowSettings, name) || findOtherSetting(name, ['flow']) !== undefined
}

/** A setting of Kafka Connect's worker; also `offset.storage.<topic config>`. */
export function isWorkerSetting(name: string): boolean {
  return (
    /^(offset|config)\.storage\./.test(name) ||
    Object.hasOwn(workerSettings, name) ||
    findOtherSetting(name, ['worker']) !== undefined
  )
}

/** @returns which clients have a setting of this name; empty: none */
export function clientsWith(name: string): readonly ClientName[] {
  const isOfAll =
    Object.hasOwn(connectionSettings, name) ||
    inheritedClientKeys.includes(name) ||
    findOtherSetting(name, ['client']) !== undefined
  return (['consumer', 'producer', 'admin'] as const).filter(
    (client) =>
      isOfAll || Object.hasOwn(clientSettings[client], name) || findOtherSetting(name, [client]) !== undefined,
  )
}
