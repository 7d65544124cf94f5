import type { MetricsFormat } from '../observe/metrics-text.ts'

/**
 * Which text a scraper wants: OpenMetrics if it names it and does not like plain text better.
 * @param accept   the Accept header; undefined: there is none
 */
export function acceptedFormat(accept: string | undefined): MetricsFormat {
  let openmetrics = 0
  let plain = 0
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase())
    const quality = qualityOf(parameters)
    if (type === 'application/openmetrics-text') openmetrics = Math.max(openmetrics, quality)
    else if (type === 'text/plain') plain = Math.max(plain, quality)
  }
  return openmetrics > 0 && openmetrics >= plain ? 'openmetrics' : 'prometheus'
}

function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  const quality = text === undefined ? 1 : Number(text)
  return Number.isNaN(quality) ? 0 : quality
}
