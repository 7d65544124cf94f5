import { Command } from 'commander'
import { parseTopics } from './topics-option.ts'

/** What `twinlog check` was asked for. */
export interface CheckArguments {
  readonly file: string
  /** Targets whose flows are checked; empty: all. */
  readonly clusters: readonly string[]
  /** Names or regular expressions of source topics; empty: all that are mirrored. */
  readonly topics: readonly string[]
  /** Only the file is looked at; nothing connects. */
  readonly isOffline: boolean
  readonly isJson: boolean
}

interface ParsedOptions {
  readonly clusters?: readonly string[]
  readonly topics?: readonly string[]
  readonly offline?: boolean
  readonly json?: boolean
}

const explanation = `
First the file: every problem at once, with its line and the nearest known name; an
unknown key is a problem here. If there is none, what it leads to, of which nothing
keeps the rest from being looked at:
  - each cluster: reached or not, each broker, version, as whom we log in, cluster id
  - which topics and groups match, by which rule, and why each other one does not
  - flows together: one cluster under two aliases, two flows into one topic, loops
  - permissions for each thing that a flow does, and the lines of kafka-acls that give
    what is missing
  - preflight: of each topic a few batches are read at its beginning, its end and
    between, and held against what the remote topic takes, or would take once it is
    created: sizes, timestamps, keys, cleanup, compression, replicas
Nothing is written anywhere.

Examples:
  twinlog check mm2.properties                       file and clusters
  twinlog check mm2.properties --offline             the file alone
  twinlog check mm2.properties --topics 'orders.*'   preflight of these topics

Exit codes: 0 nothing stands in the way, 5 something would stop a flow or a partition,
1 a cluster or a broker does not answer (or it failed), 2 the file has problems or a
cluster refuses its login, 255 wrong arguments`

/** @param say   gets what is to be shown */
export function createCheckCommand(say: (text: string) => void): Command {
  return new Command('twinlog check')
    .description('Says what is wrong with a file and with what it leads to, before anything is copied.')
    .argument('<file>', 'configuration, as for MirrorMaker 2 (mm2.properties)')
    .option('--clusters <alias...>', 'only flows into these clusters')
    .option('--topics <topics>', 'source topics: names or regular expressions, with commas', parseTopics)
    .option('--offline', 'look at the file only; connect to nothing')
    .option('--json', 'one JSON object a line, for machines')
    .helpOption('--help', 'show this help')
    .addHelpText('after', explanation)
    .showHelpAfterError('Try: twinlog check --help')
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
}

export function readCheckArguments(command: Command): CheckArguments {
  const options = command.opts<ParsedOptions>()
  return {
    file: command.args[0] ?? '',
    clusters: options.clusters ?? [],
    topics: options.topics ?? [],
    isOffline: options.offline ?? false,
    isJson: options.json ?? false,
  }
}
