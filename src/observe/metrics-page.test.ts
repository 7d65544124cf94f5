import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { metricCatalogue } from './metric-catalogue.ts'
import { metricsPage } from './metrics-page.ts'

test('docs/metrics.md is what the catalogue makes (npm run generate)', () => {
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  assert.equal(page, metricsPage())
})

test('the page has each metric of the catalogue once, and no other', () => {
  const named = [...metricsPage().matchAll(/^\| `([a-z0-9_]+)` \| (?:counter|gauge|histogram) \|/gm)].map(
    ([, name = '']) => name,
  )
  assert.deepEqual(named.toSorted(), Object.keys(metricCatalogue).toSorted())
})

test('names say their units: counters end with _total, and of ours none has milliseconds', () => {
  for (const [name, { type, help }] of Object.entries(metricCatalogue)) {
    assert.match(help, /^[A-Z0-9`].*\.$/s, name)
    if (name.startsWith('kafka_')) continue
    assert.equal(type === 'counter', name.endsWith('_total'), name)
    assert.doesNotMatch(name, /_ms(_|$)|_count$|_milli/, name)
  }
})
