import { Argument, Command } from 'commander'

const subjects = ['topic', 'group', 'setting'] as const

/** What `twinlog explain` was asked for. */
export interface ExplainArguments {
  readonly file: string
  readonly subject: (typeof subjects)[number]
  readonly name: string
  readonly isJson: boolean
}

const explanation = `
It looks at the file only, and connects to nothing.

  topic NAME     for each flow: copied or not, by which rule in which line, under which name
  group NAME     for each flow: whether its offsets are translated, by which rule
  setting NAME   for each reader of it: the value that counts, the line that it comes from,
                 and the lines that this one beats. NAME is bare (topics, fetch.max.bytes)
                 or as in the file (eu->us.topics, eu.consumer.fetch.max.bytes)

Examples:
  twinlog explain mm2.properties topic orders
  twinlog explain mm2.properties group billing
  twinlog explain mm2.properties setting replication.factor

Exit codes: 0 explained, 2 no such setting is known, or the file has problems (they are
said, and explained is what can be), 255 wrong arguments`

/** @param say   gets what is to be shown */
export function createExplainCommand(say: (text: string) => void): Command {
  return new Command('twinlog explain')
    .description('Says why: which rule decides about a topic or a group, which line about a setting.')
    .argument('<file>', 'configuration, as for MirrorMaker 2 (mm2.properties)')
    .addArgument(new Argument('<subject>', 'what NAME is').choices(subjects))
    .argument('<name>', 'its name')
    .option('--json', 'one JSON object a line, for machines')
    .helpOption('--help', 'show this help')
    .addHelpText('after', explanation)
    .showHelpAfterError('Try: twinlog explain --help')
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
}

export function readExplainArguments(command: Command): ExplainArguments {
  const [file = '', named, name = ''] = command.args
  const subject = subjects.find((each) => each === named) ?? 'topic'
  return { file, subject, name, isJson: command.opts<{ readonly json?: boolean }>().json ?? false }
}
