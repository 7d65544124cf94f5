import { startCluster } from '../../dev/kafka/cluster.ts'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'
import type { TcpProxy } from '../support/tcp-proxy.ts'

export type Side = 'source' | 'target'

/** Three brokers on both sides, each behind a proxy. */
export interface ChaosClusters extends AsyncDisposable {
  readonly source: KafkaCluster
  readonly target: KafkaCluster
}

/**
 * Starts both. Two replicas in sync are needed for an acknowledgement, as a careful user would have it: then no clean fault of one broker may lose
 * anything.
 */
export async function startChaosClusters(): Promise<ChaosClusters> {
  await using stack = new AsyncDisposableStack()
  const properties = {
    'min.insync.replicas': '2',
    'replica.lag.time.max.ms': '5000',
    // What a target forgets (producer.id.expiration.ms, a test sets it) it forgets soon.
    'producer.id.expiration.check.interval.ms': '1000',
    'auto.leader.rebalance.enable': 'false',
  }
  const options = { brokers: 3, proxy: true, heap: '320m', isLight: true, properties } as const
  const started = await Promise.allSettled([startCluster(options), startCluster(options)])
  for (const each of started) if (each.status === 'fulfilled') stack.use(each.value)
  const [source, target] = started.map((each) => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
  if (source === undefined || target === undefined) throw new Error('two clusters were to be started')
  const held = stack.move()
  return { source, target, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

/** The proxies of a side's brokers. */
export function proxiesOf(cluster: KafkaCluster): TcpProxy[] {
  return cluster.brokers.map(({ proxy }) => {
    if (proxy === undefined) throw new Error('the brokers of the chaos suite stand behind proxies')
    return proxy
  })
}
