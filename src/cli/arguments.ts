import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { createAclsCommand, readAclsArguments } from './acls-arguments.ts'
import type { AclsArguments } from './acls-arguments.ts'
import { createCheckCommand, readCheckArguments } from './check-arguments.ts'
import type { CheckArguments } from './check-arguments.ts'
import { createCompletionCommand, readCompletionArguments } from './completion-arguments.ts'
import type { CompletionArguments } from './completion-arguments.ts'
import { createOffsetsCommand, readOffsetsArguments } from './offsets-arguments.ts'
import type { OffsetsArguments } from './offsets-arguments.ts'
import { createExplainCommand, readExplainArguments } from './explain-arguments.ts'
import type { ExplainArguments } from './explain-arguments.ts'
import { createPlanCommand, readPlanArguments } from './plan-arguments.ts'
import type { PlanArguments } from './plan-arguments.ts'
import { createVerifyCommand, readVerifyArguments } from './verify-arguments.ts'
import type { VerifyArguments } from './verify-arguments.ts'
import { createStatusCommand, readStatusArguments } from './status-arguments.ts'
import type { StatusArguments } from './status-arguments.ts'

export type LogFormat = 'text' | 'json'

/** What the command line asks for. */
export type Invocation =
  | ({ readonly kind: 'mirror' } & MirrorArguments)
  | ({ readonly kind: 'verify' } & VerifyArguments)
  | ({ readonly kind: 'check' } & CheckArguments)
  | ({ readonly kind: 'acls' } & AclsArguments)
  | ({ readonly kind: 'offsets' } & OffsetsArguments)
  | ({ readonly kind: 'plan' } & PlanArguments)
  | ({ readonly kind: 'explain' } & ExplainArguments)
  | ({ readonly kind: 'completion' } & CompletionArguments)
  | StatusArguments
  | { readonly kind: 'help' | 'version'; readonly text: string }
  | { readonly kind: 'invalid'; readonly text: string }

export interface MirrorArguments {
  readonly file: string
  /** Targets to serve; empty: all. */
  readonly clusters: readonly string[]
  /** Undefined: text on a terminal, JSON otherwise. */
  readonly logFormat: LogFormat | undefined
  /** Undefined: as the file says. */
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug' | 'trace' | undefined
  /** Undefined: a line in place on a terminal, none otherwise. */
  readonly statusIntervalSeconds: number | undefined
  readonly isUntilCaughtUp: boolean
}

interface ParsedOptions {
  readonly clusters?: readonly string[]
  readonly logFormat?: LogFormat
  readonly logLevel?: MirrorArguments['logLevel']
  readonly statusInterval?: number
  readonly untilCaughtUp?: boolean
}

const examples = `
Examples:
  twinlog mm2.properties                     all flows of the file
  twinlog mm2.properties --clusters us       only the flows whose target is us
  twinlog mm2.properties --until-caught-up   copy what is there now, then exit

Other commands (each has --help; a file of such a name is ./verify):
  twinlog check mm2.properties               what is wrong, before anything is copied
  twinlog plan mm2.properties                what would be created and copied, how long
  twinlog explain mm2.properties topic NAME  which rule decides (topic, group, setting)
  twinlog verify mm2.properties              compare the topics with their copies
  twinlog acls export mm2.properties         access rules, users and quotas, for a failover
  twinlog offsets translate mm2.properties   where a group or an offset is on the other side
  twinlog groups [--json] [ADDRESS]          how consumer groups fare on the target
  twinlog status [--json] [ADDRESS]          what a twinlog that runs does, once
  twinlog top [ADDRESS]                      the same, live
  twinlog completion bash                    what makes the Tab key know all this

On a terminal a live view stands below the log: s sorts, / filters, ? tells the other keys.
Metrics, health and status are served at http://127.0.0.1:8383 (twinlog.listeners).
SIGUSR2 switches the log level to debug and back.

Exit codes: 0 stopped as asked, 1 failed, 2 the configuration has problems, 255 wrong arguments`

/** A command with options of its own. */
interface CommandEntry {
  /** @param say   gets what is to be shown */
  readonly create: (say: (text: string) => void) => Command
  /** @param command   as `create` made it, parsed */
  readonly read: (command: Command) => Invocation
}

const commands: Readonly<Record<string, CommandEntry>> = {
  check: { create: createCheckCommand, read: (command) => ({ kind: 'check', ...readCheckArguments(command) }) },
  plan: { create: createPlanCommand, read: (command) => ({ kind: 'plan', ...readPlanArguments(command) }) },
  explain: { create: createExplainCommand, read: (command) => ({ kind: 'explain', ...readExplainArguments(command) }) },
  verify: { create: createVerifyCommand, read: (command) => ({ kind: 'verify', ...readVerifyArguments(command) }) },
  acls: { create: createAclsCommand, read: (command) => ({ kind: 'acls', ...readAclsArguments(command) }) },
  offsets: { create: createOffsetsCommand, read: (command) => ({ kind: 'offsets', ...readOffsetsArguments(command) }) },
  groups: statusEntry('groups'),
  status: statusEntry('status'),
  top: statusEntry('top'),
  completion: {
    create: createCompletionCommand,
    read: (command) => ({ kind: 'completion', ...readCompletionArguments(command) }),
  },
}

function statusEntry(kind: StatusArguments['kind']): CommandEntry {
  return {
    create: (say) => createStatusCommand(kind, say),
    read: (command) => readStatusArguments(kind, command),
  }
}

/** @returns the program, and then every command: what completion and the manual page are made from */
export function allCommands(version: string): readonly Command[] {
  const say = (): void => undefined
  return [createCommand(version, say), ...Object.values(commands).map(({ create }) => create(say))]
}

/**
 * Reads the command line. Without the name of another command it is as connect-mirror-maker.sh has it: FILE [--clusters ALIAS ...], where --clusters
 * takes every value up to the next option, so that FILE normally comes first.
 * @param argv   without the names of node and of the program
 */
export function parseArguments(argv: readonly string[], version: string): Invocation {
  const [name, ...rest] = argv
  const said: string[] = []
  const say = (text: string): void => void said.push(text)
  try {
    if (name !== undefined && Object.hasOwn(commands, name)) {
      const entry = commands[name]
      if (entry !== undefined) return entry.read(entry.create(say).parse(rest, { from: 'user' }))
    }
    return mirrorInvocation(createCommand(version, say).parse([...argv], { from: 'user' }))
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const text = said.join('').trimEnd()
    if (error.code === 'commander.helpDisplayed') return { kind: 'help', text }
    if (error.code === 'commander.version') return { kind: 'version', text }
    return { kind: 'invalid', text: explain(error, text, argv) }
  }
}

function mirrorInvocation(command: Command): Invocation {
  const options = command.opts<ParsedOptions>()
  return {
    kind: 'mirror',
    file: command.args[0] ?? '',
    clusters: options.clusters ?? [],
    logFormat: options.logFormat,
    logLevel: options.logLevel,
    statusIntervalSeconds: options.statusInterval,
    isUntilCaughtUp: options.untilCaughtUp ?? false,
  }
}

function createCommand(version: string, say: (text: string) => void): Command {
  return new Command('twinlog')
    .description(
      'Keeps Apache Kafka clusters in step: a drop-in for MirrorMaker 2 that copies record batches as bytes.',
    )
    .argument('<file>', 'configuration, as for MirrorMaker 2 (mm2.properties)')
    .option('--clusters <alias...>', 'serve only flows into these clusters')
    .addOption(new Option('--log-format <format>', 'lines for people or for machines').choices(['text', 'json']))
    .addOption(
      new Option(
        '--log-level <level>',
        'the quietest level that is shown; info unless twinlog.log.level says otherwise',
      ).choices(['error', 'warn', 'info', 'debug', 'trace']),
    )
    .option(
      '--status-interval <seconds>',
      'a status line each so many seconds; on a terminal the live view is renewed so often (1)',
      parseSeconds,
    )
    .option('--until-caught-up', 'exit when everything that the sources held at the start is copied')
    .version(`twinlog ${version}`, '--version', 'show the version')
    .helpOption('--help', 'show this help')
    .addHelpText('after', examples)
    .showHelpAfterError('Try: twinlog --help')
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 0.1 && seconds <= 86_400))
    throw new InvalidArgumentError('It is a number of seconds from 0.1 to 86400.')
  return seconds
}

/** MirrorMaker 2's users meet this one: the file was taken for one more alias. */
function explain(error: CommanderError, text: string, argv: readonly string[]): string {
  const last = argv.at(-1)
  const isSwallowed = error.code === 'commander.missingArgument' && argv.includes('--clusters') && last !== undefined
  if (!isSwallowed) return text
  return `${text}\n--clusters takes every value that follows it, ${last} as well. Name the file first: twinlog ${last} --clusters ...`
}
