import { Command, InvalidArgumentError, Option } from 'commander'
import type { TopicPartition } from '../mirror/topic-partition.ts'

/** An offset that somebody wants to know on the other side. */
export interface AskedPlace extends TopicPartition {
  readonly offset: number
}

/** What `twinlog offsets translate` was asked for. */
export interface OffsetsArguments {
  readonly file: string
  readonly places: readonly AskedPlace[]
  readonly groups: readonly string[]
  /** The side of the places. */
  readonly from: 'source' | 'target'
  /** `A->B`; undefined: all flows of the file. */
  readonly flow: string | undefined
  readonly isJson: boolean
}

interface ParsedOptions {
  readonly group?: readonly string[]
  readonly from: 'source' | 'target'
  readonly flow?: string
  readonly json?: boolean
}

const explanation = `
Answers by the ledger on the target, whether or not a twinlog runs, and also when the
source is gone: then a group is taken from where its last checkpoint saw it. Nothing is
written.

Examples:
  twinlog offsets translate mm2.properties orders:0:1234               on the target
  twinlog offsets translate mm2.properties eu.orders:0:99 --from target  on the source
  twinlog offsets translate mm2.properties --group billing --json      all of a group

Accuracy: exact; at-end (ahead of what is copied: the end of the copy); approximate (no
record is skipped from there, some may come again); unknown, with the reason

Exit codes: 0 all is known, 4 something is not, 1 failed, 2 the configuration has
problems, 255 wrong arguments`

/** @param say   gets what is to be shown */
export function createOffsetsCommand(say: (text: string) => void): Command {
  const output = { writeOut: say, writeErr: say }
  const translate = new Command('translate')
    .description('Tells where an offset, or a consumer group, is on the other side of a flow.')
    .argument('<file>', 'the configuration that the flows run with (mm2.properties)')
    .argument('[places...]', 'topic:partition:offset', parsePlace)
    .option('--group <group...>', 'consumer groups of the source')
    .addOption(
      new Option('--from <side>', 'the side of the places given').choices(['source', 'target']).default('source'),
    )
    .option('--flow <flow>', 'only this flow: A->B')
    .option('--json', 'as JSON')
    .helpOption('--help', 'show this help')
    .addHelpText('after', explanation)
    .showHelpAfterError('Try: twinlog offsets translate --help')
    .exitOverride()
    .configureOutput(output)
    .action((_file, places: readonly AskedPlace[] | undefined, { group = [] }: ParsedOptions) => {
      if ((places ?? []).length === 0 && group.length === 0)
        translate.error('error: missing topic:partition:offset, or --group', { code: 'commander.missingArgument' })
    })
  return new Command('twinlog offsets')
    .description('Offsets of a flow on both sides.')
    .addCommand(translate)
    .helpOption('--help', 'show this help')
    .exitOverride()
    .configureOutput(output)
}

/** @param command   as `createOffsetsCommand` made it, parsed */
export function readOffsetsArguments(command: Command): OffsetsArguments {
  const [translate] = command.commands
  const { group = [], from, flow, json = false } = translate?.opts<ParsedOptions>() ?? { from: 'source' as const }
  const [file = '', places = []] = (translate?.processedArgs ?? []) as [string?, (readonly AskedPlace[])?]
  return { file, places, groups: group, from, flow, isJson: json }
}

/** Topic names hold no colon. */
function parsePlace(text: string, before: readonly AskedPlace[] | undefined): readonly AskedPlace[] {
  const match = /^(?<topic>[^:]+):(?<partition>\d{1,9}):(?<offset>\d{1,16})$/.exec(text)
  const { topic = '', partition, offset } = match?.groups ?? {}
  if (match === null || !Number.isSafeInteger(Number(offset)))
    throw new InvalidArgumentError('It is topic:partition:offset, as orders:0:1234.')
  return [...(before ?? []), { topic, partition: Number(partition), offset: Number(offset) }]
}
