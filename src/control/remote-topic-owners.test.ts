import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RemoteTopicOwners } from './remote-topic-owners.ts'

describe('remote topic owners', () => {
  test('a topic of a cluster belongs to one flow until that ends', () => {
    const owners = new RemoteTopicOwners()
    assert.equal(owners.claim('c1', 'orders', 'a->c'), 'a->c')
    assert.equal(owners.claim('c1', 'orders', 'b->c'), 'a->c')
    assert.equal(owners.claim('c2', 'orders', 'b->d'), 'b->d')
    owners.release('a->c')
    assert.equal(owners.claim('c1', 'orders', 'b->c'), 'b->c')
  })
})
