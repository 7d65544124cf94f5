import { readFileSync } from 'node:fs'
import { errors } from '../base/errors.ts'
import { flowPairs } from '../config/flow-pair.ts'
import type { Notice } from '../config/notice.ts'
import { Problems } from '../config/problems.ts'
import type { Problem } from '../config/problems.ts'
import { processSettings } from '../config/process-settings.ts'
import { parsePropertiesBytes } from '../config/properties.ts'
import type { PropertiesFile } from '../config/properties.ts'
import { References } from '../config/references.ts'
import { Resolution } from '../config/resolution.ts'
import { auditSettings } from '../config/setting-audit.ts'
import type { FlowPlan, HeartbeatFlowPlan } from './flow-plan.ts'
import { resolveFlow, resolveHeartbeatFlow } from './flow-plan-flow.ts'
import { resolveProcess } from './process-plan.ts'
import type { ProcessPlan } from './process-plan.ts'
import { compileJavaRegex } from './java-regex.ts'

export interface PlanOptions {
  /** The targets that this process serves (--clusters); absent or empty: all. */
  readonly clusters?: readonly string[]
  /** For EnvVarConfigProvider; main.ts hands process.env in. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Unknown keys are problems whatever twinlog.strict says. */
  readonly isStrict?: boolean
}

/** What a configuration comes to. */
export interface Plan {
  /** The flows that copy, in the order of the aliases; empty only where this process serves targets (--clusters) that others copy from. */
  readonly flows: readonly FlowPlan[]
  /** Pairs that copy nothing and only write heartbeats, as in MirrorMaker 2. */
  readonly heartbeatFlows: readonly HeartbeatFlowPlan[]
  readonly process: ProcessPlan
  /** What the user should know, without being an error; see `formatNotice` and `formatNotDoneYet`. */
  readonly notices: readonly Notice[]
  /** All aliases of the file. */
  readonly aliases: readonly string[]
}

/**
 * Reads a .properties file.
 * @throws CONFIG_FILE_UNREADABLE, PROPERTIES_ESCAPE_INVALID
 */
export function readProperties(file: string): PropertiesFile {
  try {
    return parsePropertiesBytes(readFileSync(file), file)
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error
    throw errors.CONFIG_FILE_UNREADABLE({ file, reason: error.message }, { cause: error })
  }
}

/** What a configuration comes to, and all that is wrong with it. The flows are usable only if nothing is. */
export interface PlanReview extends Plan {
  readonly problems: readonly Problem[]
}

/**
 * Works out the flows of a configuration. Everything that is wrong is reported together.
 * @throws CONFIG_INVALID with all problems; its parameter `problems` is the list as text
 */
export function resolvePlan(file: PropertiesFile, options: PlanOptions = {}): Plan {
  const { problems, ...plan } = review(file, options)
  const error = problems.toError()
  if (error !== undefined) throw error
  return plan
}

/** As resolvePlan, with the problems in the answer. */
export function reviewPlan(file: PropertiesFile, options: PlanOptions = {}): PlanReview {
  const { problems, ...plan } = review(file, options)
  return { ...plan, problems: problems.all }
}

/** Source: MirrorMakerConfig, MirrorConnectorConfig, DistributedConfig. */
function review(file: PropertiesFile, options: PlanOptions): Plan & { readonly problems: Problems } {
  const problems = new Problems(file.file)
  const references: References = new References(
    file.properties,
    {
      environment: options.environment ?? {},
      compilePattern: (pattern) => {
        const regex = compileJavaRegex(pattern)
        return (name) => regex.matches(name)
      },
    },
    problems,
    (...said) => resolution.notice(...said),
  )
  const resolution = new Resolution(file, problems, references)
  const pairs = flowPairs(resolution, options.clusters ?? [])
  const flows = pairs.enabled.map((pair) => resolveFlow(resolution, pair))
  const heartbeatFlows = pairs.heartbeatOnly
    .map((pair) => resolveHeartbeatFlow(resolution, pair))
    .filter((plan) => plan !== undefined)
  const isStrict = resolution.read(file.properties, 'twinlog.strict', processSettings['twinlog.strict'])
  const process = resolveProcess(resolution)
  const isAsMirrorMaker = resolution.read(
    file.properties,
    'twinlog.strict.mm2.scoping',
    processSettings['twinlog.strict.mm2.scoping'],
  )
  auditSettings(resolution, pairs, {
    isStrict: options.isStrict === true || isStrict,
    scoping: isAsMirrorMaker ? 'mm2' : 'meant',
  })
  sayEncoding(resolution, file)
  // A process that serves the source alone has nothing to do but heartbeats; a file that enables nothing was meant otherwise.
  const isForHeartbeats = heartbeatFlows.length > 0 && pairs.elsewhere.length > 0
  if (flows.length === 0 && !isForHeartbeats)
    problems.add(
      file.properties.get('clusters') ?? 'clusters',
      noFlows(pairs.aliases, options.clusters ?? []),
      `Set ${pairs.aliases.length < 2 ? 'A->B' : pairs.aliases.slice(0, 2).join('->')}.enabled=true for each flow that is to copy.`,
    )
  return { flows, heartbeatFlows, process, notices: resolution.notices, aliases: pairs.aliases, problems }
}

function noFlows(aliases: readonly string[], clusters: readonly string[]): string {
  const into = clusters.length === 0 ? '' : ` into ${clusters.join(', ')} (--clusters)`
  return `no flow${into} is enabled between the clusters ${aliases.join(', ')}`
}

function sayEncoding(resolution: Resolution, file: PropertiesFile): void {
  if (file.hasByteOrderMark)
    resolution.notice(
      file.file,
      'changed',
      'warning',
      'begins with a byte order mark, which is left out; MirrorMaker 2 would make it part of the first key. Save the file without it',
    )
  if (file.charset !== 'utf-8') return
  resolution.notice(
    file.file,
    'changed',
    'warning',
    'has characters that are not ASCII and was read as UTF-8; MirrorMaker 2 would read it as ISO-8859-1. Write them as \\uXXXX to be understood by both',
  )
}
