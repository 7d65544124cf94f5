import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../config/secret.ts'
import { ServerProofError, createSaslExchange } from './sasl-exchange.ts'

// RFC 7677, section 3.
const nonce = 'rOprNGfwEbeRWgbNEkqO'
const serverFirst = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`
const clientFinal = `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`
const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

function scram(username = 'user') {
  return createSaslExchange({ mechanism: 'SCRAM-SHA-256', username, password: new Secret('pencil') }, nonce)
}

test('SCRAM-SHA-256 says what the example of RFC 7677 says, and accepts its server', async () => {
  const exchange = scram()
  assert.equal(String(await exchange.next(null)), `n,,n=user,r=${nonce}`)
  assert.equal(String(await exchange.next(Buffer.from(serverFirst))), clientFinal)
  assert.equal(await exchange.next(Buffer.from(serverFinal)), null)
})

test('commas and equals signs in a user name are escaped', async () => {
  assert.equal(String(await scram('a=b,c=d').next(null)), `n,,n=a=3Db=2Cc=3Dd,r=${nonce}`)
})

test('a server that does not know the password, or plays an attacker, is refused', async () => {
  const firsts = [
    serverFirst.replace(nonce, 'somebodyelse'),
    serverFirst.replace('%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', ''),
    serverFirst.replace('i=4096', 'i=1'),
    serverFirst.replace('i=4096', 'i=99999999999'),
    '',
    'x',
  ]
  for (const first of firsts) {
    const exchange = scram()
    await exchange.next(null)
    await assert.rejects(exchange.next(Buffer.from(first)), ServerProofError, first)
  }
  const finals = ['v=AAAA', 'e=invalid-proof', '', serverFinal.replace('6rri', '7rri')]
  for (const final of finals) {
    const exchange = scram()
    await exchange.next(null)
    await exchange.next(Buffer.from(serverFirst))
    await assert.rejects(exchange.next(Buffer.from(final)), ServerProofError, final)
  }
})

test('PLAIN sends user and password separated by NUL, once', async () => {
  const exchange = createSaslExchange({ mechanism: 'PLAIN', username: 'müller', password: new Secret('p') })
  assert.equal(String(await exchange.next(null)), '\0müller\0p')
  assert.equal(await exchange.next(Buffer.alloc(0)), null)
})
