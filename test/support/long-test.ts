import { test } from 'node:test'

/** A test that takes too long for the core suite beside the others; `script/test --all` runs it. */
export const longTest = process.env['TWINLOG_TESTS'] === 'all' ? test : test.skip
