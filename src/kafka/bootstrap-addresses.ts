import { lookup, lookupService } from 'node:dns/promises'
import type { ClientSettings } from '../config/client-settings.ts'
import { parseBootstrapServer } from './broker-address.ts'
import type { BrokerAddress } from './broker-address.ts'

/**
 * The addresses of bootstrap.servers. With client.dns.lookup=resolve_canonical_bootstrap_servers_only each name is replaced by
 * the canonical names behind it (KIP-235); a name that cannot be resolved stays as it is, so that connecting to it says why.
 */
export async function bootstrapAddresses(settings: ClientSettings): Promise<readonly BrokerAddress[]> {
  const servers = settings.bootstrapServers.map(parseBootstrapServer)
  if (settings.clientDnsLookup === 'use_all_dns_ips') return servers
  return (await Promise.all(servers.map(canonical))).flat()
}

async function canonical(server: BrokerAddress): Promise<readonly BrokerAddress[]> {
  try {
    const addresses = await lookup(server.host, { all: true })
    const names = await Promise.all(addresses.map(({ address }) => lookupService(address, server.port)))
    return [...new Set(names.map(({ hostname }) => hostname))].map((host) => ({ ...server, host }))
  } catch {
    // Not lost: the connection to the name as it is reports it.
    return [server]
  }
}
