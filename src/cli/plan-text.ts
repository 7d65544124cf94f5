import { PROCESS_BYTES } from '../check/flow-demand.ts'
import type { CopyForecast, FlowForecast } from '../check/flow-forecast.ts'
import type { PlannedTopic, TopicForecast } from '../check/topic-forecast.ts'
import { fullCount, shortCount, shortDuration } from './figures-text.ts'
import { wrappedLines } from './wrapped-lines.ts'

const indent = ' '.repeat(6)
/** Topics that are shown of a long list. */
const shownTopics = 10

/** What a flow would do, at most 80 columns wide but for long names. */
export function flowForecastLines({ flow, topics, copy, problems }: FlowForecast): string[] {
  return [
    flow,
    ...topicsLines(topics),
    ...copyLines(copy),
    ...problems.flatMap((problem) => wrappedLines('  NOTE    ', problem, indent)),
  ]
}

function topicsLines({
  create,
  grow,
  alter,
  refuse,
  createInternal,
  createAtSource,
  internal,
}: TopicForecast): string[] {
  const isUnchanged = create.length + grow.length + alter.length + createInternal.length + createAtSource.length === 0
  return [
    ...listed('create', create, plannedText),
    ...create.flatMap(refusalLines),
    ...listed(
      'grow',
      grow,
      ({ targetTopic, partitionsCountBefore, partitionsCount }) =>
        `${targetTopic} from ${partitionsCountBefore} to ${partitionsCount} partitions`,
    ),
    ...listed(
      'alter',
      alter,
      ({ topic, configs }) =>
        `${topic}: ${configs.map(({ name, before, value }) => `${name} ${before ?? 'not set'} -> ${value ?? 'not set'}`).join(', ')}`,
    ),
    ...listed(
      'refuse',
      refuse,
      ({ topic, targetTopic, otherTopic }) => `${topic}: ${otherTopic} is copied to ${targetTopic} already`,
    ),
    ...listed('create', createInternal, (topic) => `${plannedText(topic)}, internal`),
    ...createInternal.flatMap(refusalLines),
    ...listed('create', createAtSource, (topic) => `${plannedText(topic)}, internal, on the source`),
    ...createAtSource.flatMap(refusalLines),
    ...(internal.length === 0
      ? []
      : wrappedLines('  keep    ', `internal topics that are there: ${internal.join(', ')}`, indent)),
    ...(isUnchanged ? ['  nothing is created or changed'] : []),
  ]
}

function listed<Item>(verb: string, items: readonly Item[], text: (item: Item) => string): string[] {
  const shown = items.slice(0, shownTopics).flatMap((item) => wrappedLines(`  ${verb.padEnd(8)}`, text(item), indent))
  const more = items.length - shownTopics
  return more > 0 ? [...shown, `  ${verb.padEnd(8)}and ${fullCount(more)} more (--json has all)`] : shown
}

function plannedText({ topic, partitionsCount, replicationFactor, configs }: PlannedTopic): string {
  const partitions =
    partitionsCount === -1 ? "the brokers' number of partitions" : counted(partitionsCount, 'partition')
  const replicas = replicationFactor === -1 ? "the brokers' number of replicas" : counted(replicationFactor, 'replica')
  const entries = Object.entries(configs).map(([name, value]) => `${name}=${value}`)
  return `${topic} (${[partitions, replicas, ...entries].join(', ')})`
}

function refusalLines({ topic, refusal }: PlannedTopic): string[] {
  return refusal === null ? [] : wrappedLines('  PROBLEM ', `${topic} would not be created: ${refusal}`, indent)
}

function copyLines(copy: CopyForecast): string[] {
  const { topicsCount, partitionsCount, offsetsLeft, offsetsTotal, bytesLeft, bytesTotal, bytesFrom } = copy
  const what = `${counted(topicsCount, 'topic')}, ${counted(partitionsCount, 'partition')}`
  const about = bytesFrom === 'probe' ? 'about (by the probe) ' : 'about '
  const bytes = bytesLeft === null ? 'bytes not known' : `${about}${byteText(bytesLeft)}`
  const total = `of ${fullCount(offsetsTotal)}${bytesTotal === null ? '' : ` and ${byteText(bytesTotal)}`}`
  const rest =
    offsetsLeft === offsetsTotal
      ? 'all that the source holds'
      : `${total} that the source holds; the rest is copied already`
  return [
    ...wrappedLines('  copy    ', `${fullCount(offsetsLeft)} offsets, ${bytes} (${rest}), of ${what}`, indent),
    ...wrappedLines('  time    ', timeText(copy), indent),
  ]
}

function timeText({ seconds, bytesPerSecond, rateFrom, probe, bytesLeft }: CopyForecast): string {
  if (bytesLeft === 0) return 'nothing is left to copy'
  if (bytesPerSecond === null) return 'not known: nothing was measured; say --rate'
  const rate = `${byteText(bytesPerSecond)}/s`
  const how =
    rateFrom === 'given'
      ? 'as given'
      : `measured by reading ${byteText(probe?.bytes ?? 0)} for ${shortDuration(probe?.seconds ?? null)}; the target may be slower`
  return seconds === null ? `not known, at ${rate} (${how})` : `${shortDuration(seconds)} at ${rate} (${how})`
}

/** What the whole process needs, and how many processes. */
export function demandLines(forecasts: readonly FlowForecast[]): string[] {
  const buffers = forecasts.reduce((sum, { demand }) => sum + demand.bufferBytesMax, 0)
  const partitions = forecasts.reduce((sum, { demand }) => sum + demand.partitionBytes, 0)
  const flows = counted(forecasts.length, 'flow')
  return [
    'what it needs',
    ...wrappedLines(
      '  memory  ',
      `about ${byteText(PROCESS_BYTES + partitions)}, and at most ${byteText(buffers)} of batches on their way (buffer.memory and fetch.max.bytes of each flow)`,
      indent,
    ),
    ...forecasts.flatMap(({ flow, demand: { sourceConnections, targetConnections } }) =>
      wrappedLines(
        '  sockets ',
        `${flow}: ${sourceConnections.usual} to the source (at most ${sourceConnections.most}), ${targetConnections.usual} to the target (at most ${targetConnections.most})`,
        indent,
      ),
    ),
    ...wrappedLines(
      '  process ',
      `one runs ${flows}, on one core; a second one stands by and takes over. With --clusters each target may have its own`,
      indent,
    ),
  ]
}

function counted(count: number, noun: string): string {
  return `${fullCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** 512 B, 12.3 kB, 4.56 MB: units of 10^3. */
function byteText(bytes: number): string {
  const text = shortCount(bytes)
  return /[a-zA-Z]$/.test(text) ? `${text.slice(0, -1)} ${text.slice(-1)}B` : `${text} B`
}
