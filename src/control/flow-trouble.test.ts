import assert from 'node:assert/strict'
import { test } from 'node:test'
import { flowReading } from '../../test/support/partition-status.ts'
import { summarizeFlow } from './flow-summary.ts'
import { FlowTrouble } from './flow-trouble.ts'

test('a flow that waits says which clusters do not answer, until they do', () => {
  const trouble = new FlowTrouble()
  const reason = () =>
    summarizeFlow(
      flowReading({ state: { name: 'waiting', failures: 0, hasCopied: false }, trouble: trouble.reason }),
      0,
    ).reason
  assert.equal(reason(), null)
  trouble.event('ClusterUnreachable', { flow: 'eu->us', cluster: 'eu', error: new Error('eu: refused.') })
  trouble.event('ClusterUnreachable', { flow: 'eu->us', cluster: 'us', error: new Error('us: refused.') })
  assert.equal(reason(), 'eu: refused. us: refused.')
  trouble.event('ClusterReached', { flow: 'eu->us', cluster: 'eu' })
  assert.equal(reason(), 'us: refused.')
  trouble.event('ClusterCameBack', { flow: 'eu->us', cluster: 'us' })
  assert.equal(reason(), null)
})
