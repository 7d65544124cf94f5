import { protocolAPIsById } from '@platformatic/kafka'

/** @returns Kafka's name of an API, for messages */
export function apiName(apiKey: number): string {
  return protocolAPIsById[apiKey] ?? `API ${apiKey}`
}
