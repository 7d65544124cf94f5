import { Argument, Command } from 'commander'
import { shells } from './completion-script.ts'
import type { Shell } from './completion-script.ts'

/** What `twinlog completion` was asked for. */
export interface CompletionArguments {
  readonly shell: Shell
}

const explanation = `
With it the Tab key completes commands, options, their values and files.

Examples:
  source <(twinlog completion bash)                        in ~/.bashrc
  twinlog completion zsh > ~/.zsh/completions/_twinlog     a folder of fpath
  twinlog completion fish > ~/.config/fish/completions/twinlog.fish

Exit codes: 0 written, 255 wrong arguments`

/** @param say   gets what is to be shown */
export function createCompletionCommand(say: (text: string) => void): Command {
  return new Command('twinlog completion')
    .description('Writes the script that lets a shell complete twinlog commands and options.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .helpOption('--help', 'show this help')
    .addHelpText('after', explanation)
    .showHelpAfterError('Try: twinlog completion --help')
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
}

/** @param command   as `createCompletionCommand` made it, parsed */
export function readCompletionArguments(command: Command): CompletionArguments {
  const [shell] = command.processedArgs as [Shell]
  return { shell }
}
