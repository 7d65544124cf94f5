import { TwinlogError } from '../base/catalogue.ts'
import { errors } from '../base/errors.ts'
import { reportClusterEvents } from '../control/cluster-report.ts'
import { StoredOffsets } from '../control/stored-offsets.ts'
import type { TranslatedOffset } from '../control/translated-offset.ts'
import { ClusterClient } from '../kafka/cluster-client.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { readProperties, resolvePlan } from '../mirror/flow-plan-resolution.ts'
import { LogLevel } from '../observe/log-level.ts'
import { Logger } from '../observe/logger.ts'
import { createTextLog } from '../observe/text-log.ts'
import { exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import type { CommandSurroundings } from './mirror-command.ts'
import type { OffsetsArguments } from './offsets-arguments.ts'
import { offsetLines } from './offsets-text.ts'
import type { OutputStream } from './screen.ts'

interface OffsetsSurroundings extends CommandSurroundings {
  readonly stderr: OutputStream
}

/** What was found, of one flow or of all. */
interface Found {
  readonly offsets: readonly TranslatedOffset[]
  /** For people: what the answer is not made from. */
  readonly notes: readonly string[]
}

/**
 * `twinlog offsets translate`: tells where offsets and groups are on the other side, by what is written down on the target.
 * @returns ok exactly when all of it is known
 * @throws the configuration errors of reading and resolving the file; FLOW_UNKNOWN; errors of connecting to the target
 */
export async function runOffsets(args: OffsetsArguments, surroundings: OffsetsSurroundings): Promise<ExitCode> {
  const { environment, stdout } = surroundings
  const { flows } = resolvePlan(readProperties(args.file), { environment })
  const chosen = args.flow === undefined ? flows : flows.filter(({ name }) => name === args.flow)
  if (chosen.length === 0)
    throw errors.FLOW_UNKNOWN({ flow: args.flow ?? '', flows: flows.map(({ name }) => name).join(', ') })
  const found: Found[] = []
  for (const plan of chosen) found.push(await translateFlow(plan, args, surroundings))
  const offsets = found.flatMap((each) => each.offsets)
  const notes = found.flatMap((each) => each.notes)
  if (args.isJson) stdout.write(`${JSON.stringify({ offsets, notes }, null, 2)}\n`)
  else for (const line of offsetLines(offsets, notes)) stdout.write(`${line}\n`)
  return offsets.length > 0 && offsets.every(isKnown) ? exitCodes.ok : exitCodes.incomplete
}

async function translateFlow(
  plan: FlowPlan,
  { places, groups, from }: OffsetsArguments,
  { clock, random, signal, stderr }: OffsetsSurroundings,
): Promise<Found> {
  const writeLine = (line: string): void => void stderr.write(`${line}\n`)
  const observe = new Logger(
    createTextLog({ writeLine, now: () => clock.now(), hasColours: false }),
    new LogLevel('warn'),
  )
  const deps = { clock, random, onEvent: reportClusterEvents(plan.name, observe) }
  await using resources = new AsyncDisposableStack()
  const source = resources.use(new ClusterClient(plan.source.alias, plan.source.client, deps))
  const target = resources.use(new ClusterClient(plan.target.alias, plan.target.workerClient, deps))
  await target.refreshMetadata({ signal, topics: [] })
  const notes = await reach(source, signal)
  const stored = await StoredOffsets.open(plan, { source, target }, { signal })
  const offsets: TranslatedOffset[] = []
  for (const { offset, ...at } of places) {
    const found =
      from === 'source'
        ? await stored.downstreamOf(at, offset, { signal })
        : await stored.upstreamOf(at, offset, { signal })
    if (found !== null) offsets.push(found)
  }
  for (const group of groups) {
    const ofGroup = await stored.ofGroup(group, { signal })
    if (ofGroup.offsets.length === 0) notes.push(`${plan.name}: group ${group} has no offset in what is mirrored`)
    else if (ofGroup.isByCheckpoints) notes.push(`${plan.name}: group ${group} as its last checkpoints saw it`)
    offsets.push(...ofGroup.offsets)
  }
  return { offsets, notes }
}

/** The source may be gone: that is no reason to tell nothing. */
async function reach(source: ClusterClient, signal: AbortSignal): Promise<string[]> {
  try {
    await source.refreshMetadata({ signal, topics: [] })
    return []
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof TwinlogError) || error.kind === 'defect') throw error
    return [`the source cannot be asked: ${error.message}`]
  }
}

function isKnown({ accuracy }: TranslatedOffset): boolean {
  return accuracy !== 'unknown'
}
