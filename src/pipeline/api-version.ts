import { errors } from '../base/errors.ts'
import type { BrokerConnection } from '../kafka/broker-connection.ts'

/**
 * @param known   versions that src/wire can encode and decode, lowest first
 * @returns the highest one that the broker has too
 * @throws API_UNSUPPORTED when there is none
 */
export function pickVersion<Version extends number>(
  connection: BrokerConnection,
  apiKey: number,
  api: string,
  known: readonly Version[],
): Version {
  const range = connection.apiRange(apiKey)
  const version = range === null ? undefined : known.findLast((one) => one >= range.min && one <= range.max)
  if (version !== undefined) return version
  const offered = range === null ? 'none' : `${range.min} to ${range.max}`
  throw errors.API_UNSUPPORTED({
    cluster: connection.cluster,
    broker: connection.name,
    api,
    offered,
    known: `${known[0]} to ${known.at(-1)}`,
  })
}
