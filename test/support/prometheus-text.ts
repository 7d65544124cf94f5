import assert from 'node:assert/strict'

/** One line of the page. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface MetricFamily {
  readonly type: string
  readonly help: string
  readonly samples: readonly Sample[]
}

const namePattern = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const sampleLine = new RegExp(`^(${namePattern})(?:\\{(.*)\\})? (NaN|[+-]?Inf|[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)$`)
const labelPair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y
const suffixes: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'] }

/**
 * Reads the text that Prometheus reads, strictly, by the grammars of the text format 0.0.4 and of OpenMetrics 1.0; made without prom-client. Each family has one HELP, then one
 * TYPE, then its samples together; no series comes twice; histograms rise and end at +Inf.
 */
export function parseMetrics(text: string, format: 'prometheus' | 'openmetrics'): ReadonlyMap<string, MetricFamily> {
  assert.ok(text.endsWith('\n'), 'the last line has no end')
  const lines = text.slice(0, -1).split('\n')
  if (format === 'openmetrics') assert.equal(lines.pop(), '# EOF')
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>()
  const seen = new Set<string>()
  let current = ''
  for (const line of lines) {
    const head = new RegExp(`^# (HELP|TYPE) (${namePattern}) (.*)$`).exec(line)
    if (head !== null) {
      const [, what, name = '', rest = ''] = head
      if (what === 'HELP') {
        assert.ok(!families.has(name), `two families are named ${name}`)
        families.set(name, { type: '', help: rest, samples: [] })
        current = name
      } else {
        const family = families.get(name)
        assert.ok(family !== undefined && name === current && family.type === '', `TYPE of ${name} out of place`)
        assert.match(rest, /^(counter|gauge|histogram)$/)
        family.type = rest
      }
      continue
    }
    const sample = parseSample(line)
    const family = families.get(current)
    assert.ok(family !== undefined, `a sample before any family: ${line}`)
    const allowed = suffixes[family.type] ?? (format === 'openmetrics' && family.type === 'counter' ? ['_total'] : [''])
    assert.ok(
      allowed.some((suffix) => sample.name === current + suffix),
      `${sample.name} stands below ${current}`,
    )
    const series = sample.name + JSON.stringify(Object.entries(sample.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    assert.ok(!seen.has(series), `a series comes twice: ${line}`)
    seen.add(series)
    if (family.type === 'counter') assert.ok(sample.value >= 0, `a counter is negative: ${line}`)
    family.samples.push(sample)
  }
  for (const [name, { type, samples }] of families) if (type === 'histogram') assertHistogram(name, samples)
  return families
}

function parseSample(line: string): Sample {
  const match = sampleLine.exec(line)
  assert.ok(match !== null, `no sample: ${line}`)
  const [, name = '', labelText = '', value = ''] = match
  const labels: Record<string, string> = {}
  labelPair.lastIndex = 0
  while (labelPair.lastIndex < labelText.length) {
    const pair = labelPair.exec(labelText)
    assert.ok(pair !== null, `labels: ${line}`)
    const [, label = '', escaped = ''] = pair
    assert.ok(!(label in labels), `a label comes twice: ${line}`)
    labels[label] = escaped.replace(/\\(["\\n])/g, (_, character: string) => (character === 'n' ? '\n' : character))
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

function assertHistogram(name: string, samples: readonly Sample[]): void {
  const others = (labels: Sample['labels']): string =>
    JSON.stringify(Object.entries(labels).filter(([label]) => label !== 'le'))
  const groups = Map.groupBy(samples, ({ labels }) => others(labels))
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`)
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])))
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      `${name}: bounds do not rise`,
    )
    const counts = buckets.map(({ value }) => value)
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      `${name}: counts do not rise`,
    )
    assert.equal(bounds.at(-1), Infinity)
    assert.equal(counts.at(-1), group.find((sample) => sample.name === `${name}_count`)?.value)
    assert.ok(group.some((sample) => sample.name === `${name}_sum`))
  }
}
