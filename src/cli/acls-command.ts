import { writeFileSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { findAccessDifference } from '../control/access-difference.ts'
import { readProperties, resolvePlan } from '../mirror/flow-plan-resolution.ts'
import { LogLevel } from '../observe/log-level.ts'
import { Logger } from '../observe/logger.ts'
import { createTextLog } from '../observe/text-log.ts'
import { openVerifyClusters } from '../verify/verify-clusters.ts'
import { accessScript } from './access-script.ts'
import type { AccessScriptOf } from './access-script.ts'
import type { AclsArguments } from './acls-arguments.ts'
import { exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import type { OutputStream } from './screen.ts'

export interface AclsSurroundings {
  readonly clock: Clock
  readonly random: () => number
  readonly signal: AbortSignal
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

/**
 * Writes the script of `twinlog acls export`. What it could not find out is said on standard error as well.
 * @throws CONFIG_INVALID and the errors of reading the file; CLUSTER_UNREACHABLE and other errors of connecting; errors of the file system
 */
export async function runAclsExport(args: AclsArguments, surroundings: AclsSurroundings): Promise<ExitCode> {
  const { clock, random, signal, environment, stdout, stderr } = surroundings
  const { flows } = resolvePlan(readProperties(args.file), { clusters: args.clusters, environment })
  const now = () => clock.now()
  const log = createTextLog({ writeLine: (line) => void stderr.write(`${line}\n`), now, hasColours: false })
  const observe = new Logger(log, new LogLevel('warn'))
  const found: AccessScriptOf[] = []
  for (const plan of flows) {
    await using resources = new AsyncDisposableStack()
    const clusters = await openVerifyClusters(plan, { clock, random, observe }, resources, { signal })
    const { sourceAdmin: source, targetAdmin: target } = clusters
    const difference = await findAccessDifference({ plan, source, target, topicNames: args.topicNames }, { signal })
    for (const what of difference.unknown) stderr.write(`twinlog: ${plan.name}: ${what}\n`)
    const { alias, client } = plan.target
    found.push({ flow: plan.name, target: alias, bootstrapServers: client.bootstrapServers, difference })
  }
  const script = accessScript(found, new Date(clock.now()).toISOString())
  if (args.output === undefined) stdout.write(script)
  else writeFileSync(args.output, script, { mode: 0o755 })
  return exitCodes.ok
}
