import { Secret } from '../../src/config/secret.ts'
import type { Plan } from '../../src/mirror/flow-plan-resolution.ts'

/** Names that tell filters and policies apart. */
const probes = [
  'orders',
  'orders.eu',
  'mm2-x.internal',
  'x.replica',
  '__x',
  'A.orders',
  'A-orders',
  'x-value',
  'min.insync.replicas',
]

/** @returns everything that a plan would do as text, secrets included: two plans with the same text do the same */
export function planText({ flows, heartbeatFlows, process, aliases }: Plan): string {
  return JSON.stringify(plain({ flows, heartbeatFlows, process, aliases }), null, 1)
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, typeof each === 'function' ? called(value, each) : plain(each)]),
  )
}

/** What a function of a plan says to each probe. */
function called(owner: object, method: (...args: never) => unknown): unknown {
  return [...probes, probes, 3].map((probe) => {
    try {
      return plain(Reflect.apply(method, owner, [probe]))
    } catch {
      return 'throws'
    }
  })
}
