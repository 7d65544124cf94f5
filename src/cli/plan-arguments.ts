import { Command, InvalidArgumentError } from 'commander'

/** What `twinlog plan` was asked for. */
export interface PlanArguments {
  readonly file: string
  /** Targets whose flows are planned; empty: all. */
  readonly clusters: readonly string[]
  /** Bytes a second; null: it is measured. */
  readonly rate: number | null
  readonly probeSeconds: number
  readonly isJson: boolean
}

interface ParsedOptions {
  readonly clusters?: readonly string[]
  readonly rate?: number
  readonly probeSeconds: number
  readonly json?: boolean
}

const explanation = `
What the flows would do when they start now: which topics they would create, grow and
alter, how much they would copy (without what the stored positions say was copied),
how long that takes, and what it needs. The decisions are those of the running flow;
creations are tried with the target (validate only). Nothing is changed: no topic, no
config, no position, no group.

The rate is measured by reading for a moment what would be read first. That is what
the source gives; the target may take less: then say --rate.

Examples:
  twinlog plan mm2.properties                   all flows
  twinlog plan mm2.properties --rate 40MB       at 40 megabytes (10^6) a second
  twinlog plan mm2.properties --probe-seconds 0 read nothing

Exit codes: 0 planned, 5 something of it would fail, 1 a cluster does not answer or it
failed, 2 the configuration has problems, 255 wrong arguments`

const probeSecondsDefault = 2
const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

/** @param say   gets what is to be shown */
export function createPlanCommand(say: (text: string) => void): Command {
  return new Command('twinlog plan')
    .description('Says what would be created, changed and copied, how long it takes and what it needs.')
    .argument('<file>', 'configuration, as for MirrorMaker 2 (mm2.properties)')
    .option('--clusters <alias...>', 'only flows into these clusters')
    .option('--rate <bytes>', 'bytes a second, as 40MB or 500k, in place of a measurement', parseRate)
    .option(
      '--probe-seconds <seconds>',
      'how long is read to measure the rate; 0: not at all',
      parseProbeSeconds,
      probeSecondsDefault,
    )
    .option('--json', 'one JSON object a line, for machines')
    .helpOption('--help', 'show this help')
    .addHelpText('after', explanation)
    .showHelpAfterError('Try: twinlog plan --help')
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
}

export function readPlanArguments(command: Command): PlanArguments {
  const { clusters = [], rate = null, probeSeconds, json = false } = command.opts<ParsedOptions>()
  return { file: command.args[0] ?? '', clusters, rate, probeSeconds, isJson: json }
}

function parseRate(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kMGmg]?)B?(?:\/s)?$/.exec(text) ?? []
  const rate = Number(number) * (units[unit.toLowerCase()] ?? Number.NaN)
  if (!(rate > 0)) throw new InvalidArgumentError('It is a number of bytes a second, as 40MB, 1.5GB or 500k.')
  return rate
}

function parseProbeSeconds(text: string): number {
  const seconds = Number(text)
  if (text.trim() === '' || !(seconds >= 0 && seconds <= 60))
    throw new InvalidArgumentError('It is a number of seconds from 0 to 60.')
  return seconds
}
