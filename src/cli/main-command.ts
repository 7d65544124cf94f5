import { TwinlogError } from '../base/catalogue.ts'
import { describeError } from '../observe/error-text.ts'
import { runAclsExport } from './acls-command.ts'
import { allCommands, parseArguments } from './arguments.ts'
import { completionScript } from './completion-script.ts'
import { runCheck } from './check-command.ts'
import { exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import { runExplain } from './explain-command.ts'
import { runMirror } from './mirror-command.ts'
import type { CommandSurroundings } from './mirror-command.ts'
import { runOffsets } from './offsets-command.ts'
import type { OutputStream } from './screen.ts'
import { runPlan } from './plan-command.ts'
import { runVerify } from './verify-command.ts'
import { runStatusCommand } from './status-command.ts'

export interface MainSurroundings extends CommandSurroundings {
  readonly argv: readonly string[]
  readonly stderr: OutputStream
}

/** The whole program, but for what only a process has: signals, exit codes, the environment. @returns the exit code */
export async function runTwinlog(surroundings: MainSurroundings): Promise<ExitCode> {
  const { argv, stdout, stderr, version } = surroundings
  const invocation = parseArguments(argv, version)
  switch (invocation.kind) {
    case 'help':
    case 'version':
      stdout.write(`${invocation.text}\n`)
      return exitCodes.ok
    case 'completion':
      stdout.write(completionScript(invocation.shell, allCommands(version)))
      return exitCodes.ok
    case 'invalid':
      stderr.write(`${invocation.text}\n`)
      return exitCodes.arguments
    case 'status':
    case 'top':
    case 'groups':
      return reporting(() => runStatusCommand(invocation, surroundings), stderr)
    case 'mirror':
      return reporting(() => runMirror(invocation, surroundings), stderr)
    case 'check':
      return reporting(() => runCheck(invocation, surroundings), stderr)
    case 'acls':
      return reporting(() => runAclsExport(invocation, surroundings), stderr)
    case 'offsets':
      return reporting(() => runOffsets(invocation, surroundings), stderr)
    case 'plan':
      return reporting(() => runPlan(invocation, surroundings), stderr)
    case 'explain':
      return reporting(() => Promise.resolve(runExplain(invocation, surroundings)), stderr)
    case 'verify':
      return reporting(() => runVerify(invocation, surroundings), stderr)
  }
}

async function reporting(command: () => Promise<ExitCode>, stderr: OutputStream): Promise<ExitCode> {
  try {
    return await command()
  } catch (error) {
    return reportFailure(error, stderr)
  }
}

function reportFailure(error: unknown, stderr: OutputStream): ExitCode {
  if (error instanceof TwinlogError && error.kind === 'configuration') {
    // Its message may have many lines: one for each problem.
    stderr.write(`twinlog: ${error.message}\n`)
    return error.code === 'CONFIG_FILE_UNREADABLE' ? exitCodes.arguments : exitCodes.configuration
  }
  stderr.write(`twinlog: ${describeError(error)}\n`)
  // Only a mistake of ours has a stack trace: whoever reports it cannot do without.
  if (!(error instanceof TwinlogError) && error instanceof Error) stderr.write(`${error.stack}\n`)
  return exitCodes.failed
}
