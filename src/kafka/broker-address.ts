/** Where a broker is reached. `nodeId` is null for an address of bootstrap.servers: who answers there is not known yet. */
export interface BrokerAddress {
  readonly host: string
  readonly port: number
  readonly nodeId: number | null
}

/** @returns `host:port`, IPv6 hosts in square brackets, and the node id where it is known: for messages */
export function brokerName({ host, port, nodeId }: BrokerAddress): string {
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return nodeId === null ? place : `${nodeId} (${place})`
}

/**
 * @param text  `host:port` as bootstrap.servers has it, checked before by the configuration; `[::1]:9092` for IPv6
 * @returns     the address, the brackets removed
 */
export function parseBootstrapServer(text: string): BrokerAddress {
  const colon = text.lastIndexOf(':')
  const host = text.slice(0, colon)
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)), nodeId: null }
}
