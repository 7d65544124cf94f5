import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import { errors } from '../base/errors.ts'
import { ArenaPool } from '../kafka/frame-arena.ts'
import type { FlowPlan } from '../mirror/flow-plan.ts'
import { readProperties, resolvePlan } from '../mirror/flow-plan-resolution.ts'
import { createTopicFilter } from '../mirror/topic-filter.ts'
import { LogLevel } from '../observe/log-level.ts'
import { Logger } from '../observe/logger.ts'
import { createTextLog } from '../observe/text-log.ts'
import { FlowSurvey } from '../verify/flow-survey.ts'
import { FlowVerification } from '../verify/flow-verification.ts'
import { SideConnections } from '../verify/side-connections.ts'
import { openVerifyClusters } from '../verify/verify-clusters.ts'
import type { VerifyRequest } from '../verify/verify-request.ts'
import {
  decodeVerifyState,
  encodeVerifyState,
  questionOf,
  statePartitionKey,
  storedPosition,
} from '../verify/verify-state.ts'
import type { StoredPartition, VerifyState } from '../verify/verify-state.ts'
import { readWrittenHistory } from '../verify/written-history.ts'
import { exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import type { CommandSurroundings } from './mirror-command.ts'
import type { OutputStream } from './screen.ts'
import { sinceMsOf } from './verify-arguments.ts'
import type { VerifyArguments } from './verify-arguments.ts'
import { createJsonOutput, createTextOutput } from './verify-output.ts'
import type { VerifyOutput } from './verify-output.ts'
import { VerifyProgress } from './verify-progress.ts'
import { summarizeVerdicts } from './verify-text.ts'

const differencesMax = 100
const terminalProgressMs = 500
const plainProgressMs = 10_000
const stateIntervalMs = 5_000
/** Between two looks at the log ends while following, and between two looks for new topics. */
const roundPauseMs = 1_000
const topicsIntervalMs = 30_000
/** A running mirror is given so long to copy something of what is missing, again and again; and between two looks. */
const patienceMs = 5_000
const patiencePauseMs = 500

interface VerifySurroundings extends CommandSurroundings {
  readonly stderr: OutputStream
}

/**
 * Compares the flows of a file, until all is compared, or until the signal with --follow. Nothing is written to a cluster.
 * @returns ok exactly when everything that was asked for was compared and is equal
 * @throws the configuration errors of reading and resolving the file; CLUSTER_UNREACHABLE and others of connecting
 */
export async function runVerify(args: VerifyArguments, surroundings: VerifySurroundings): Promise<ExitCode> {
  const { clock, signal, environment, stdout } = surroundings
  const { flows } = resolvePlan(readProperties(args.file), { clusters: args.clusters, environment })
  const request = requestOf(args, clock)
  const state = new StateFile(args.stateFile, questionOf(request))
  const output = args.isJson ? createJsonOutput({ stdout, clock }) : createTextOutput({ stdout, clock })
  await using resources = new AsyncDisposableStack()
  const verifications: FlowVerification[] = []
  try {
    for (const plan of flows) {
      const verification = await openFlow(plan, { request, state, output, resources }, surroundings)
      verifications.push(verification)
      await verification.begin({ signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
    return exitCodes.incomplete
  }
  const isTerminal = stdout.isTTY === true && !args.isJson
  const finished = new AbortController()
  const background = [
    showProgress(verifications, output, { clock, isTerminal, isFollowing: args.isFollowing }, finished.signal),
    every(stateIntervalMs, clock, () => state.save(verifications), finished.signal),
  ]
  try {
    for (const verification of verifications) await verification.round({ signal })
    if (args.isFollowing) await follow(verifications, output, surroundings)
    else await catchUp(verifications, surroundings)
  } finally {
    finished.abort()
    await Promise.all(background)
    state.save(verifications)
  }
  output.end(verifications, { isSample: request.sampleShare < 1, since: request.since })
  const { result } = summarizeVerdicts(verifications.flatMap(({ verdicts }) => verdicts))
  // Whoever follows is always a little behind: what is not copied yet is no fault then.
  if (args.isFollowing && result === 'incomplete' && isOnlyPending(verifications)) return exitCodes.ok
  return { equal: exitCodes.ok, different: exitCodes.different, incomplete: exitCodes.incomplete }[result]
}

function isOnlyPending(verifications: readonly FlowVerification[]): boolean {
  const verdicts = verifications.flatMap((each) => each.verdicts)
  return (
    verdicts.length > 0 && verdicts.every(({ reasons, pendingCount }) => reasons.length <= (pendingCount > 0 ? 1 : 0))
  )
}

function requestOf(args: VerifyArguments, clock: Clock): VerifyRequest {
  return {
    topics: args.topics.length === 0 ? null : createTopicFilter(args.topics, []),
    sinceMs: args.since === undefined ? null : sinceMsOf(args.since, clock.now()),
    since: args.since ?? null,
    sampleShare: args.sampleShare,
    isCompacted: args.isCompacted,
    differencesMax,
  }
}

interface OpenFlowOptions {
  readonly request: VerifyRequest
  readonly state: StateFile
  readonly output: VerifyOutput
  readonly resources: AsyncDisposableStack
}

async function openFlow(
  plan: FlowPlan,
  { request, state, output, resources }: OpenFlowOptions,
  { clock, random, signal, stderr }: VerifySurroundings,
): Promise<FlowVerification> {
  const log = createTextLog({
    writeLine: (line) => void stderr.write(`${line}\n`),
    now: () => clock.now(),
    hasColours: false,
  })
  const clusters = await openVerifyClusters(
    plan,
    { clock, random, observe: new Logger(log, new LogLevel('warn')) },
    resources,
    {
      signal,
    },
  )
  const arenas = new ArenaPool()
  return new FlowVerification({
    plan,
    survey: new FlowSurvey(plan, clusters),
    history: await readWrittenHistory(
      plan,
      { source: clusters.sourceAdmin, target: clusters.targetWorker },
      { signal },
    ),
    connections: {
      source: resources.use(new SideConnections(clusters.sourceData, arenas)),
      target: resources.use(new SideConnections(clusters.targetData, arenas)),
    },
    clock,
    request,
    earlier: (topic, partition) => state.find(plan.name, topic, partition),
    onDifference: (difference) => output.difference(difference),
    onVerdict: (verdict) => output.verdict(verdict),
  })
}

/**
 * Where a mirror runs, the target is always a little behind. What the source held at the start is waited for as long as more of it comes.
 */
async function catchUp(
  verifications: readonly FlowVerification[],
  { clock, signal }: VerifySurroundings,
): Promise<void> {
  const pending = (): number => verifications.reduce((sum, each) => sum + each.pendingCount, 0)
  let [left, sinceMs] = [pending(), clock.monotonic()]
  try {
    while (left > 0 && clock.monotonic() - sinceMs < patienceMs) {
      await clock.sleep(patiencePauseMs, { signal })
      for (const verification of verifications) {
        await verification.update({ signal, isGoalKept: true })
        await verification.round({ signal })
      }
      if (pending() < left) [left, sinceMs] = [pending(), clock.monotonic()]
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Compares what has come, again and again, and says how far everything is the same. */
async function follow(
  verifications: readonly FlowVerification[],
  output: VerifyOutput,
  { clock, signal }: VerifySurroundings,
): Promise<void> {
  let lookedAtMs = clock.monotonic()
  for (const verification of verifications) output.verified(verification)
  try {
    for (;;) {
      await clock.sleep(roundPauseMs, { signal })
      const isLooking = clock.monotonic() - lookedAtMs >= topicsIntervalMs
      if (isLooking) lookedAtMs = clock.monotonic()
      for (const verification of verifications) {
        if (isLooking) await verification.begin({ signal })
        await verification.update({ signal, isGoalKept: false })
        await verification.round({ signal })
        output.verified(verification)
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function showProgress(
  verifications: readonly FlowVerification[],
  output: VerifyOutput,
  { clock, isTerminal, isFollowing }: { clock: Clock; isTerminal: boolean; isFollowing: boolean },
  signal: AbortSignal,
): Promise<void> {
  if (isFollowing) return
  const meter = new VerifyProgress()
  await every(
    isTerminal ? terminalProgressMs : plainProgressMs,
    clock,
    () => {
      const all = verifications.map((each) => each.progress())
      const total = all.reduce((sum, one) => ({
        totalOffsets: sum.totalOffsets + one.totalOffsets,
        doneOffsets: sum.doneOffsets + one.doneOffsets,
        sameCount: sum.sameCount + one.sameCount,
        sourceBytes: sum.sourceBytes + one.sourceBytes,
        targetBytes: sum.targetBytes + one.targetBytes,
      }))
      const differences = verifications.reduce((sum, each) => sum + each.differencesCount, 0)
      output.progress(meter.figures(clock.monotonic(), total, differences))
    },
    signal,
  )
}

async function every(ms: number, clock: Clock, act: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(ms, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
      return
    }
    act()
  }
}

/** The file of --state; without one nothing is kept. */
class StateFile {
  readonly #file: string | undefined
  readonly #question: string
  readonly #state: VerifyState | null

  /** @throws VERIFY_STATE_UNREADABLE */
  constructor(file: string | undefined, question: string) {
    this.#file = file
    this.#question = question
    this.#state = file === undefined ? null : readState(file, question)
  }

  find(flow: string, ...[topic, partition]: [Parameters<typeof storedPosition>[2], number]): StoredPartition | null {
    return this.#state === null ? null : storedPosition(this.#state, flow, topic, partition)
  }

  /** Replaces the file as a whole: a run that dies meanwhile leaves the one before. */
  save(verifications: readonly FlowVerification[]): void {
    if (this.#file === undefined) return
    const partitions: Record<string, StoredPartition> = { ...this.#state?.partitions }
    for (const verification of verifications) {
      for (const { topic, partition, position, differencesCount } of verification.positions()) {
        const { sourceTopicId, targetTopicId } = topic
        const key = statePartitionKey(verification.name, topic.topic, partition)
        partitions[key] = { ...position, sourceTopicId, targetTopicId, differencesCount }
      }
    }
    const text = encodeVerifyState({ question: this.#question, partitions })
    try {
      writeFileSync(`${this.#file}.new`, text)
      renameSync(`${this.#file}.new`, this.#file)
    } catch (error) {
      throw unreadable(this.#file, error)
    }
  }
}

function readState(file: string, question: string): VerifyState | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw unreadable(file, error)
  }
  const state = decodeVerifyState(text, question)
  if (typeof state === 'string') throw errors.VERIFY_STATE_UNREADABLE({ file, reason: state })
  return state
}

function unreadable(file: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error)
  return errors.VERIFY_STATE_UNREADABLE({ file, reason }, { cause: error })
}
