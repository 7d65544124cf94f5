import { runCheckSteps } from '../check/check-run.ts'
import type { CheckStep } from '../check/check-run.ts'
import type { PropertiesFile } from '../config/properties.ts'
import { ruleLines } from '../config/rule-lines.ts'
import type { RuleLines } from '../config/rule-lines.ts'
import { readProperties, reviewPlan } from '../mirror/flow-plan-resolution.ts'
import type { PlanReview } from '../mirror/flow-plan-resolution.ts'
import { createTopicFilter } from '../mirror/topic-filter.ts'
import { LogLevel } from '../observe/log-level.ts'
import { Logger } from '../observe/logger.ts'
import { createTextLog } from '../observe/text-log.ts'
import type { CheckArguments } from './check-arguments.ts'
import { clusterLines, flowFindingLines, groupLines, permissionLines, topicLines } from './check-report-text.ts'
import { checkResultLine, countFindings, fileLine, noticeLines, preflightLines, problemLines } from './check-text.ts'
import { exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import { jsonLines } from './json-lines.ts'
import type { CommandSurroundings } from './mirror-command.ts'
import { sayLines } from './say-lines.ts'
import type { OutputStream } from './screen.ts'

interface CheckSurroundings extends CommandSurroundings {
  readonly stderr: OutputStream
}

/** What a check says, step by step. */
interface CheckOutput {
  file(review: PlanReview): void
  step(step: CheckStep): void
  end(steps: readonly CheckStep[], isOffline: boolean): void
}

/**
 * Says what is wrong with a file, and then with what it leads to: clusters, topics, permissions, and what the targets will say to what the sources hold. Nothing is written.
 * @throws CONFIG_FILE_UNREADABLE, PROPERTIES_ESCAPE_INVALID; KAFKA_* of a cluster that answered at first
 */
export async function runCheck(args: CheckArguments, surroundings: CheckSurroundings): Promise<ExitCode> {
  const { clock, random, signal, environment, stdout, stderr } = surroundings
  const file = readProperties(args.file)
  const review = reviewPlan(file, { clusters: args.clusters, environment, isStrict: true })
  const output = args.isJson ? createJsonOutput(stdout) : createTextOutput(stdout, file, review)
  output.file(review)
  if (review.problems.length > 0) return exitCodes.configuration
  const steps: CheckStep[] = []
  const topics = args.topics.length === 0 ? null : createTopicFilter(args.topics, [])
  const now = () => clock.now()
  const log = createTextLog({ writeLine: (line) => void stderr.write(`${line}\n`), now, hasColours: false })
  const observe = new Logger(log, new LogLevel('warn'))
  const emitting = [...review.flows.filter(({ heartbeats }) => heartbeats !== undefined), ...review.heartbeatFlows]
  const heartbeatTargets = new Set(emitting.map(({ target }) => target.alias))
  const deps = { clock, random, observe, heartbeatTargets, topics, signal }
  for await (const step of runCheckSteps(args.isOffline ? [] : review.flows, deps)) {
    output.step(step)
    steps.push(step)
  }
  output.end(steps, args.isOffline)
  return args.isOffline ? exitCodes.ok : checkExitCode(steps)
}

/** What has to be corrected in the file comes first, then what cannot be told before a cluster is there. */
function checkExitCode(steps: readonly CheckStep[]): ExitCode {
  const { topicsCount, problemsCount, refusedCount, unreachableCount } = countFindings(steps)
  if (refusedCount > 0) return exitCodes.configuration
  if (unreachableCount > 0) return exitCodes.failed
  return problemsCount > 0 || topicsCount === 0 ? exitCodes.findings : exitCodes.ok
}

function createJsonOutput(stdout: OutputStream): CheckOutput {
  const write = jsonLines(stdout)
  return {
    file: ({ problems, notices, flows }) => write('file', { problems, notices, flows: flows.map(({ name }) => name) }),
    step(step) {
      switch (step.event) {
        case 'cluster':
          return write('cluster', step.cluster)
        case 'topics':
          return write('topics', step.matches)
        case 'groups':
          return write('groups', step.matches)
        case 'finding':
          return write('finding', { flow: step.flow, ...step.finding })
        case 'permissions':
          return write('permissions', step.review)
        case 'topic':
          return write('topic', step.preflight)
      }
    },
    end: (steps, isOffline) => write('result', { ...countFindings(steps), isOffline }),
  }
}

function createTextOutput(stdout: OutputStream, properties: PropertiesFile, { flows: plans }: PlanReview): CheckOutput {
  const { file } = properties
  const say = sayLines(stdout)
  const rules = (flow: string, key: 'topics' | 'groups'): RuleLines => {
    const plan = plans.find(({ name }) => name === flow)
    const pair = { source: plan?.source.alias ?? '', target: plan?.target.alias ?? '' }
    return ruleLines(properties, pair, key)
  }
  let preflighted: string | null = null
  return {
    file({ problems, notices, flows }) {
      say(noticeLines(notices))
      say(problems.length === 0 ? [fileLine(file, flows)] : problemLines(file, problems))
    },
    step(step) {
      switch (step.event) {
        case 'cluster':
          return say(['', ...clusterLines(step.cluster)])
        case 'topics':
          return say(['', ...topicLines(step.matches, rules(step.matches.flow, 'topics'))])
        case 'groups':
          return say(['', ...groupLines(step.matches, rules(step.matches.flow, 'groups'))])
        case 'finding':
          return say(['', ...flowFindingLines(step.flow, step.finding)])
        case 'permissions':
          return say(['', ...permissionLines(step.review)])
        case 'topic': {
          const { flow } = step.preflight
          if (flow !== preflighted) say(['', `${flow}: preflight`])
          preflighted = flow
          return say(['', ...preflightLines(step.preflight)])
        }
      }
    },
    end(steps, isOffline) {
      if (!isOffline) say(['', checkResultLine(countFindings(steps))])
    },
  }
}
