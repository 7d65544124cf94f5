import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { ProduceStep, RecordToSend } from '../kafka/records.ts'

/** A topic of the demo: how it is made and how its producer is set. */
export interface DemoTopic {
  readonly name: string
  readonly partitions: number
  readonly producer: Readonly<Record<string, string>>
  /** For people: what is special about it. */
  readonly description: string
}

/** A piece of a stream: what the producer is to do, and how much of it a reader gets to see. */
export interface StreamPiece {
  readonly steps: readonly ProduceStep[]
  /** Without those of aborted transactions. */
  readonly committedCount: number
}

/** Orders, page views and an audit log: three kinds of data that stress a mirror in three ways. */
export const demoTopics = {
  orders: {
    name: 'orders',
    partitions: 3,
    producer: { 'compression.type': 'lz4' },
    description: 'keyed JSON in small lz4 batches',
  },
  pageViews: {
    name: 'page_views',
    partitions: 4,
    producer: { 'compression.type': 'zstd', 'batch.size': String(512 * 1024) },
    description: 'high volume in large zstd batches',
  },
  audit: {
    name: 'audit',
    partitions: 1,
    producer: { 'compression.type': 'none' },
    description: 'transactions with headers; one in four is aborted',
  },
} as const satisfies Record<string, DemoTopic>

const ordersBatchCount = 10
const auditTransactionCount = 5
const products = ['kettle', 'lamp', 'desk', 'chair', 'notebook', 'bicycle pump', 'rain coat', 'tea pot']
const pages = ['/', '/search', '/cart', '/checkout', '/help/returns', '/account/orders']
const browsers = ['Firefox/145.0', 'Chrome/142.0', 'Safari/26.1']
const actions = ['login', 'address.change', 'refund.grant', 'password.reset', 'role.assign']

/** Customers' orders, of one customer always in the same partition. `region` is the cluster they are placed on. */
export function orders(region: string, count: number): StreamPiece {
  const { name: topic, partitions } = demoTopics.orders
  const steps: ProduceStep[] = []
  for (let index = 0; index < count; index += 1) {
    const customer = randomInt(10_000)
    const product = products[randomInt(products.length)]
    const value = {
      order: randomUUID(),
      customer,
      product,
      quantity: 1 + randomInt(4),
      cents: 500 + randomInt(20_000),
      region,
    }
    steps.push({ topic, partition: customer % partitions, key: `customer-${customer}`, value: JSON.stringify(value) })
    if ((index + 1) % ordersBatchCount === 0) steps.push('flush')
  }
  return { steps, committedCount: count }
}

/** What visitors look at. */
export function pageViews(region: string, count: number): StreamPiece {
  const { name: topic, partitions } = demoTopics.pageViews
  const steps: ProduceStep[] = []
  for (let index = 0; index < count; index += 1) {
    const session = randomBytes(12).toString('hex')
    const page = pages[randomInt(pages.length)]
    const value = {
      page,
      session,
      browser: browsers[randomInt(browsers.length)],
      durationMs: randomInt(60_000),
      region,
    }
    steps.push({ topic, partition: index % partitions, key: session, value: JSON.stringify(value) })
  }
  return { steps, committedCount: count }
}

/** Transactions of a few records each. */
export function audit(region: string, transactionsCount: number): StreamPiece {
  const steps: ProduceStep[] = []
  let committedCount = 0
  for (let index = 0; index < transactionsCount; index += 1) {
    const isAborted = index % 4 === 3
    steps.push('begin')
    for (let each = 0; each < auditTransactionCount; each += 1) steps.push(auditRecord(region, isAborted))
    steps.push(isAborted ? 'abort' : 'commit')
    if (!isAborted) committedCount += auditTransactionCount
  }
  return { steps, committedCount }
}

function auditRecord(region: string, isAborted: boolean): RecordToSend {
  const user = `user-${randomInt(500)}`
  const value = { action: actions[randomInt(actions.length)], user, outcome: isAborted ? 'rolled back' : 'done' }
  return {
    topic: demoTopics.audit.name,
    partition: 0,
    key: user,
    value: JSON.stringify(value),
    headers: [
      ['trace-id', randomBytes(8).toString('hex')],
      ['region', region],
    ],
  }
}
