import { CommanderError, InvalidArgumentError } from 'commander'
import { Command } from 'commander'
import { parseTopics } from './topics-option.ts'

/** What `twinlog verify` was asked for. */
export interface VerifyArguments {
  readonly file: string
  /** Targets whose flows are compared; empty: all. */
  readonly clusters: readonly string[]
  /** Names or regular expressions of source topics; empty: all that are mirrored. */
  readonly topics: readonly string[]
  /** As the user wrote it: a time, or how long ago. */
  readonly since: string | undefined
  /** Above 0, at most 1. */
  readonly sampleShare: number
  readonly isCompacted: boolean
  readonly isFollowing: boolean
  readonly isJson: boolean
  readonly stateFile: string | undefined
}

interface ParsedOptions {
  readonly clusters?: readonly string[]
  readonly topics?: readonly string[]
  readonly since?: string
  readonly sample?: number
  readonly compacted?: boolean
  readonly follow?: boolean
  readonly json?: boolean
  readonly state?: string
}

const explanation = `
Both sides are read at the same time and compared in order: keys, values, headers,
timestamps, order and count. Renamed topics, topic filters, transactions, retention,
gaps on record and what is not copied yet are known from the file, the clusters and
the ledger. Nothing is written to either cluster.

Examples:
  twinlog verify mm2.properties                      everything that is mirrored
  twinlog verify mm2.properties --topics 'orders.*'  these topics only
  twinlog verify mm2.properties --since 24h          what is not older than a day
  twinlog verify mm2.properties --sample 5%          a twentieth, always the same one
  twinlog verify mm2.properties --compacted          compacted topics by their keys
  twinlog verify mm2.properties --follow --json      goes on behind a running mirror

Exit codes: 0 equal, 3 different, 4 no difference found but not everything could be
compared, 1 failed, 2 the configuration has problems, 255 wrong arguments`

/** @param say   gets what is to be shown */
export function createVerifyCommand(say: (text: string) => void): Command {
  return new Command('twinlog verify')
    .description('Compares the topics of each flow with their copies, partition by partition.')
    .argument('<file>', 'the configuration that the flows run with (mm2.properties)')
    .option('--clusters <alias...>', 'only flows into these clusters')
    .option('--topics <topics>', 'source topics: names or regular expressions, with commas', parseTopics)
    .option('--since <time>', 'only records since then: 2026-11-24T10:00:00Z, or 30m, 24h, 7d ago', parseSince)
    .option('--sample <share>', 'only a share of the ranges, as 5% or 0.05; first and last always', parseShare)
    .option('--compacted', 'compare compacted topics by the last value of each key')
    .option('--follow', 'go on behind a running mirror, and tell how far all is the same')
    .option('--state <file>', 'keep there how far it came, and go on from there the next time')
    .option('--json', 'one JSON object a line, for machines')
    .helpOption('--help', 'show this help')
    .addHelpText('after', explanation)
    .showHelpAfterError('Try: twinlog verify --help')
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
}

/** @throws CommanderError when options do not go together */
export function readVerifyArguments(command: Command): VerifyArguments {
  const options = command.opts<ParsedOptions>()
  refuseTogether(command, options, 'compacted', 'since', 'the last value of a key may be older')
  refuseTogether(command, options, 'compacted', 'sample', 'the last value of a key may lie anywhere')
  refuseTogether(command, options, 'compacted', 'follow', 'the whole topic would be read again and again')
  refuseTogether(command, options, 'follow', 'sample', 'what is new is compared as a whole')
  return {
    file: command.args[0] ?? '',
    clusters: options.clusters ?? [],
    topics: options.topics ?? [],
    since: options.since,
    sampleShare: options.sample ?? 1,
    isCompacted: options.compacted ?? false,
    isFollowing: options.follow ?? false,
    isJson: options.json ?? false,
    stateFile: options.state,
  }
}

/**
 * @param text    as parseSince took it
 * @param nowMs   wall clock
 * @returns       ms since the epoch
 */
export function sinceMsOf(text: string, nowMs: number): number {
  const [, count, unit] = durationPattern.exec(text) ?? []
  if (count === undefined || unit === undefined) return Date.parse(text)
  return Math.round(nowMs - Number(count) * (unitsMs[unit] ?? 0))
}

const durationPattern = /^(\d+(?:\.\d+)?)(s|m|h|d)$/
const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function refuseTogether(
  command: Command,
  options: ParsedOptions,
  one: keyof ParsedOptions,
  other: keyof ParsedOptions,
  reason: string,
): void {
  if (options[one] === undefined || options[other] === undefined) return
  const message = `error: --${one} and --${other} do not go together: ${reason}`
  command.configureOutput().writeErr?.(`${message}\nTry: twinlog verify --help\n`)
  throw new CommanderError(1, 'twinlog.conflictingOptions', message)
}

function parseSince(text: string): string {
  const isTime = /^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text))
  if (durationPattern.test(text) || isTime) return text
  throw new InvalidArgumentError('It is a time (2026-11-24T10:00:00Z) or how long ago (90s, 30m, 24h, 7d).')
}

function parseShare(text: string): number {
  const share = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)
  if (text.trim() === '' || !(share > 0 && share <= 1)) {
    throw new InvalidArgumentError('It is a share above 0: 5%, or 0.05.')
  }
  return share
}
