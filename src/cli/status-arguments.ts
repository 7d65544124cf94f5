import { Command, InvalidArgumentError } from 'commander'
import { formatListener, parseListener } from '../config/listener-address.ts'
import { defaultListener } from '../config/process-settings.ts'

/** What `twinlog status` and `twinlog top` are asked for. */
export interface StatusArguments {
  readonly kind: 'status' | 'top' | 'groups'
  /** `http://host:port` */
  readonly address: string
  readonly isJson: boolean
  readonly intervalSeconds: number
}

interface ParsedOptions {
  readonly json?: boolean
  readonly watch?: boolean
  readonly interval: number
}

const descriptions = {
  status: 'Shows what a running twinlog does, once.',
  top: 'Shows what a running twinlog does, live: keys sort and filter.',
  groups: 'Shows how consumer groups fare on the targets of a running twinlog, partition by partition.',
} as const

const examples = {
  status: `
Examples:
  twinlog status                       of the twinlog on this machine
  twinlog status --watch               live, as twinlog top
  twinlog status --json                for programs
  twinlog status http://db-7:8383      of another machine, if twinlog.listeners lets it

Exit codes: 0 all flows copy or stand by, 1 one does not or nobody answers, 255 wrong arguments`,
  groups: `
States: synced, translated (not committed: sync.group.offsets.enabled=false, or not yet),
ahead (the group is further on at the target), held (it has members there), unmapped (no
offset of the target is known), failed, unreadable (at the source), not mirrored (share groups)

Examples:
  twinlog groups                       of the twinlog on this machine
  twinlog groups --json                for programs

Exit codes: 0 nothing is unmapped, unreadable or failed, 4 something is, 1 nobody answers`,
  top: `
Keys: s sort, r reverse, / filter, t topics, ? help, q leave

Examples:
  twinlog top                          of the twinlog on this machine
  twinlog top db-7:8383 --interval 5   of another one, asked every 5 seconds

Exit codes: 0 left with q, 1 nobody answers, 255 wrong arguments`,
} as const

/** @param command   as `createStatusCommand` made it, parsed */
export function readStatusArguments(kind: StatusArguments['kind'], command: Command): StatusArguments {
  const { json = false, watch = false, interval } = command.opts<ParsedOptions>()
  const [address = formatListener(defaultListener)] = command.processedArgs as [string | undefined]
  return { kind: watch ? 'top' : kind, address, isJson: json, intervalSeconds: interval }
}

/** @param say   gets what is to be shown */
export function createStatusCommand(kind: StatusArguments['kind'], say: (text: string) => void): Command {
  const command = new Command(`twinlog ${kind}`)
    .description(descriptions[kind])
    .argument(
      '[address]',
      `where it serves (twinlog.listeners); default ${formatListener(defaultListener)}`,
      parseAddress,
    )
    .option('--interval <seconds>', 'how often it is asked', parseInterval, 1)
    .helpOption('--help', 'show this help')
    .addHelpText('after', examples[kind])
    .showHelpAfterError(`Try: twinlog ${kind} --help`)
    .exitOverride()
    .configureOutput({ writeOut: say, writeErr: say })
  if (kind === 'top') return command
  if (kind === 'groups') return command.option('--json', 'as JSON, with all that is known')
  return command.option('--json', 'as JSON, with all that is known').option('--watch', 'live, until q or Ctrl-C')
}

function parseInterval(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 0.1 && seconds <= 3_600))
    throw new InvalidArgumentError('It is a number of seconds from 0.1 to 3600.')
  return seconds
}

/** `http://host:port`, `host:port`, or a port of this machine. */
function parseAddress(text: string): string {
  const full = /^\d+$/.test(text) ? `http://127.0.0.1:${text}` : text.includes('://') ? text : `http://${text}`
  const address = parseListener(full)
  if (address === null || address.port === 0)
    throw new InvalidArgumentError('It is http://host:port, host:port or a port of this machine.')
  return formatListener(address)
}
