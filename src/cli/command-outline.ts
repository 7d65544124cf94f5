import type { Command, Option } from 'commander'

/** A command as completion and the manual page need it: what its declaration says, without commander. */
export interface CommandOutline {
  /** Behind `twinlog`: `check`, `acls export`; empty: the program itself. */
  readonly name: string
  readonly description: string
  readonly values: readonly OutlinedValue[]
  readonly options: readonly OutlinedOption[]
  /** What --help says below the options. */
  readonly explanation: string
  /** Names that may follow. */
  readonly subcommands: readonly string[]
}

/** Something that is named without a dash: `<file>`. */
export interface OutlinedValue {
  readonly term: string
  readonly description: string
  readonly choices: readonly string[]
  readonly isFile: boolean
}

export interface OutlinedOption extends OutlinedValue {
  /** `--log-format` */
  readonly flag: string
  readonly hasValue: boolean
}

/** @returns outlines of commands and of their subcommands, in their order */
export function outlineCommands(commands: readonly Command[]): readonly CommandOutline[] {
  return commands.flatMap((command) => outline(command, command.name().replace(/^twinlog ?/, '')))
}

function outline(command: Command, name: string): readonly CommandOutline[] {
  const own: CommandOutline = {
    name,
    description: command.description(),
    values: command.registeredArguments.map((argument) => ({
      term: argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
      description: argument.description,
      choices: argument.argChoices ?? [],
      isFile: argument.name() === 'file',
    })),
    options: command.createHelp().visibleOptions(command).map(outlineOption),
    explanation: helpOf(command).slice(command.helpInformation().length).trim(),
    subcommands: command.commands.map((each) => each.name()),
  }
  return [own, ...command.commands.flatMap((each) => outline(each, `${name} ${each.name()}`))]
}

function outlineOption(option: Option): OutlinedOption {
  const hasValue = option.required || option.optional
  return {
    flag: option.long ?? option.flags,
    term: option.flags,
    description: option.description,
    choices: option.argChoices ?? [],
    hasValue,
    isFile: hasValue && /<(file|path)>/.test(option.flags),
  }
}

/** All that --help shows, the examples included. */
function helpOf(command: Command): string {
  const said: string[] = []
  const before = command.configureOutput()
  command.configureOutput({ writeOut: (text) => void said.push(text) })
  command.outputHelp()
  command.configureOutput(before)
  return said.join('')
}
