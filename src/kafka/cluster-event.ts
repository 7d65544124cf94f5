/** What a ClusterClient reports while it works. `reason` and `error` are meant for people. */
export type ClusterEvent =
  /** One round over all addresses failed; another follows after `delayMs`. */
  | {
      readonly name: 'ClusterUnreachable'
      readonly cluster: string
      readonly round: number
      readonly delayMs: number
      readonly error: Error
    }
  | { readonly name: 'ClusterReached'; readonly cluster: string; readonly rounds: number; readonly brokers: number }
  | { readonly name: 'ConnectionOpened'; readonly cluster: string; readonly broker: string; readonly role: string }
  /** Normal when the broker closes what was idle: worth a debug line, no more. */
  | {
      readonly name: 'ConnectionClosed'
      readonly cluster: string
      readonly broker: string
      readonly role: string
      readonly reason: string
    }
  | {
      readonly name: 'CallRetried'
      readonly cluster: string
      readonly api: string
      readonly attempt: number
      readonly delayMs: number
      readonly error: Error
    }
  /** No known broker could be reached, so that the addresses of bootstrap.servers are tried again (KIP-899). */
  | { readonly name: 'ClusterRebootstrapped'; readonly cluster: string }
  /** Another cluster answers at the same address: what is known of offsets and ids no longer holds. */
  | { readonly name: 'ClusterIdChanged'; readonly cluster: string; readonly before: string; readonly after: string }
