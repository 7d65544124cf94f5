import { Command, Option } from 'commander'

/** What `twinlog acls export` was asked for. */
export interface AclsArguments {
  readonly file: string
  /** Targets whose flows are looked at; empty: all. */
  readonly clusters: readonly string[]
  /** Undefined: standard output. */
  readonly output: string | undefined
  readonly topicNames: 'remote' | 'source'
}

interface ParsedOptions {
  readonly clusters?: readonly string[]
  readonly output?: string
  readonly topicNames: 'remote' | 'source'
}

const explanation = `
While twinlog runs, remote topics get the access rules of their sources but for WRITE (sync.topic.acls.enabled).
This writes a shell script with all that the targets lack when programs move over: rules for topics with WRITE,
for groups, transactional ids and the cluster; client quotas; and, as comments, the SCRAM users that are not there,
whose secrets nobody can copy. Nothing is changed anywhere. Keep it up to date, for example once a day.

Examples:
  twinlog acls export mm2.properties --output failover.sh
  COMMAND_CONFIG=admin.properties sh failover.sh            at the failover

Exit codes: 0 written, 1 failed, 2 the file has problems, 255 wrong arguments`

/** @param say   gets what is to be shown */
export function createAclsCommand(say: (text: string) => void): Command {
  const output = { writeOut: say, writeErr: say }
  const exported = new Command('export')
    .description('Writes a script that gives the targets what they lack of access rules, users and quotas.')
    .argument('<file>', 'configuration, as for MirrorMaker 2 (mm2.properties)')
    .option('--clusters <alias...>', 'only flows into these clusters')
    .option('--output <path>', 'where the script goes; standard output otherwise')
    .addOption(
      new Option('--topic-names <names>', 'rules for remote topics, or for topics named as at the source')
        .choices(['remote', 'source'])
        .default('remote'),
    )
    .helpOption('--help', 'show this help')
    .addHelpText('after', explanation)
    .showHelpAfterError('Try: twinlog acls export --help')
    .exitOverride()
    .configureOutput(output)
    .action(() => {})
  return new Command('twinlog acls')
    .description('Access rules, users and quotas of the clusters.')
    .addCommand(exported)
    .helpCommand(false)
    .helpOption('--help', 'show this help')
    .showHelpAfterError('Try: twinlog acls --help')
    .exitOverride()
    .configureOutput(output)
}

/** @param command   as createAclsCommand made it, parsed */
export function readAclsArguments(command: Command): AclsArguments {
  const [exported] = command.commands
  const { clusters = [], output, topicNames } = exported?.opts<ParsedOptions>() ?? { topicNames: 'remote' as const }
  return { file: exported?.args[0] ?? '', clusters, output, topicNames }
}
