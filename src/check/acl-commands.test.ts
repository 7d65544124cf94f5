import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aclCommands } from './acl-commands.ts'
import type { MissingGrant } from './acl-commands.ts'

const grant = (name: string, operations: MissingGrant['operations'], changes: Partial<MissingGrant> = {}) => ({
  principal: 'User:mirror',
  bootstrapServer: 'us:9092',
  resourceType: 'topic' as const,
  name,
  operations,
  ...changes,
})
const start = "kafka-acls --bootstrap-server us:9092 --add --allow-principal 'User:mirror'"

test('what one topic lacks is put together, and topics that lack the same share a line', () => {
  const lines = aclCommands([
    grant('eu.a', ['Write']),
    grant('eu.b', ['Write']),
    grant('eu.a', ['Read', 'Write']),
    grant('eu.b', ['Read']),
    grant('eu.c', ['Create']),
    grant('eu-mm2', ['Read'], { resourceType: 'group' }),
    grant('kafka-cluster', ['Alter'], { resourceType: 'cluster' }),
    grant("o'id", ['Write'], { resourceType: 'transactional-id' }),
  ])
  assert.deepEqual(lines, [
    `${start} --operation Write --operation Read --topic 'eu.a' --topic 'eu.b'`,
    `${start} --operation Create --topic 'eu.c'`,
    `${start} --operation Read --group 'eu-mm2'`,
    `${start} --operation Alter --cluster`,
    String.raw`${start} --operation Write --transactional-id 'o'\''id'`,
  ])
})

test('more topics than a line takes: one rule for the prefix, or several lines', () => {
  const many = Array.from({ length: 21 }, (_, index) => grant(`eu.${index}`, ['Write']))
  assert.deepEqual(aclCommands(many, 'eu.'), [
    `${start} --operation Write --topic 'eu.' --resource-pattern-type prefixed`,
  ])
  assert.equal(aclCommands([...many, grant('x', ['Write'])], 'eu.').length, 2)
  assert.equal(aclCommands(many).length, 2)
})
