import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventLevel } from './event.ts'
import { LogLevel } from './log-level.ts'
import { Logger } from './logger.ts'

function loggerAt(configured: EventLevel): { level: LogLevel; logger: Logger; said: string[] } {
  const said: string[] = []
  const level = new LogLevel(configured)
  const logger = new Logger({ write: ({ text }) => said.push(text) }, level)
  level.reportTo(logger)
  return { level, logger, said }
}

test('the level changes while it runs, and each change is said', () => {
  const { level, logger, said } = loggerAt('info')
  logger.event('CallRetried', { flow: 'a', error: 'no', api: 'Metadata', attempt: 1 })
  level.toggle('SIGUSR2')
  logger.event('CallRetried', { flow: 'a', error: 'no', api: 'Metadata', attempt: 2 })
  level.toggle('SIGUSR2')
  logger.event('CallRetried', { flow: 'a', error: 'no', api: 'Metadata', attempt: 3 })
  assert.deepEqual(said, [
    'The log shows level debug and above from now on (SIGUSR2)',
    'Flow a: no. Metadata is tried again (attempt 2)',
    'The log shows level info and above from now on (SIGUSR2)',
  ])
})

test('a log that is quieter than info comes back to what it was; one at debug goes to info and back', () => {
  const quiet = loggerAt('error')
  quiet.level.toggle('x')
  assert.equal(quiet.level.current, 'debug')
  quiet.level.toggle('x')
  assert.equal(quiet.level.current, 'error')
  const loud = loggerAt('trace')
  loud.level.toggle('x')
  assert.equal(loud.level.current, 'info')
  loud.level.toggle('x')
  assert.equal(loud.level.current, 'trace')
})

test('the same level again is no change', () => {
  const { level, said } = loggerAt('info')
  level.set('info', 'x')
  assert.deepEqual(said, [])
})
