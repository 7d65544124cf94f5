import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SecretWatch } from './secret-watch.ts'

const login =
  'org.apache.kafka.common.security.plain.PlainLoginModule required username="mirror" password="s3cret-one";'
const properties = { 'eu.sasl.jaas.config': login, 'us.ssl.keystore.password': 's3cret-two', topics: 'orders' }

test('a password in what is written is found, also where it comes in two pieces', () => {
  for (const secret of ['s3cret-one', 's3cret-two']) {
    const watch = SecretWatch.of(properties)
    watch.look(`all is well with orders and mirror ${secret.slice(0, 4)}`)
    watch.assertNone()
    watch.look(`${secret.slice(4)} and on`)
    assert.throws(
      () => watch.assertNone(),
      (error: Error) => /a password was printed/.test(error.message) && !error.message.includes(secret),
    )
  }
})

test('what is no secret may be written', () => {
  const watch = SecretWatch.of(properties)
  watch.look('user mirror, topics orders, PlainLoginModule required')
  watch.assertNone()
})
