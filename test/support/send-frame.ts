import { once } from 'node:events'
import { connect } from 'node:net'
import type { KafkaCluster } from '../../dev/kafka/cluster.ts'

/**
 * Sends a request that was held back on its way, to the first broker, past its proxy, and waits until it is answered.
 * @param frame   a whole request of a plain connection, with its length field
 */
export async function sendFrame(cluster: KafkaCluster, frame: Buffer): Promise<void> {
  const [host = '', port] = cluster.internalBootstrap.split(',')[0]?.split(':') ?? []
  const socket = connect({ host, port: Number(port) })
  try {
    await once(socket, 'connect')
    socket.write(frame)
    await once(socket, 'data')
  } finally {
    socket.destroy()
  }
}
