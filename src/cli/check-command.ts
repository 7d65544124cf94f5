import type { TopicPreflight } from '../check/preflight.ts'
import { runPreflight } from '../check/preflight.ts'
import { readProperties, reviewPlan } from '../mirror/flow-plan-resolution.ts'
import type { PlanReview } from '../mirror/flow-plan-resolution.ts'
import { createTopicFilter } from '../mirror/topic-filter.ts'
import { LogLevel } from '../observe/log-level.ts'
import { Logger } from '../observe/logger.ts'
import { createTextLog } from '../observe/text-log.ts'
import { openVerifyClusters } from '../verify/verify-clusters.ts'
import type { CheckArguments } from './check-arguments.ts'
import { checkResultLine, countFindings, fileLine, noticeLines, preflightLines, problemLines } from './check-text.ts'
import { exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import type { CommandSurroundings } from './mirror-command.ts'
import type { OutputStream } from './screen.ts'

interface CheckSurroundings extends CommandSurroundings {
  readonly stderr: OutputStream
}

/** What a check says, step by step. */
interface CheckOutput {
  file(review: PlanReview): void
  topic(preflight: TopicPreflight): void
  end(preflights: readonly TopicPreflight[], isOffline: boolean): void
}

/**
 * Says what is wrong with a file, and then what the targets will say to what the sources hold. Nothing is written.
 * @throws CONFIG_FILE_UNREADABLE, PROPERTIES_ESCAPE_INVALID; CLUSTER_UNREACHABLE and other errors of connecting
 */
export async function runCheck(args: CheckArguments, surroundings: CheckSurroundings): Promise<ExitCode> {
  const { clock, random, signal, environment, stdout, stderr } = surroundings
  const output = args.isJson ? createJsonOutput(stdout) : createTextOutput(stdout, args.file)
  const review = reviewPlan(readProperties(args.file), { clusters: args.clusters, environment, isStrict: true })
  output.file(review)
  if (review.problems.length > 0) return exitCodes.configuration
  const preflights: TopicPreflight[] = []
  const topics = args.topics.length === 0 ? null : createTopicFilter(args.topics, [])
  const now = () => clock.now()
  const log = createTextLog({ writeLine: (line) => void stderr.write(`${line}\n`), now, hasColours: false })
  const observe = new Logger(log, new LogLevel('warn'))
  for (const plan of args.isOffline ? [] : review.flows) {
    await using resources = new AsyncDisposableStack()
    const clusters = await openVerifyClusters(plan, { clock, random, observe }, resources, { signal })
    for await (const preflight of runPreflight(plan, clusters, { clock, topics, signal })) {
      output.topic(preflight)
      preflights.push(preflight)
    }
  }
  output.end(preflights, args.isOffline)
  if (args.isOffline) return exitCodes.ok
  const { problemsCount, topicsCount } = countFindings(preflights)
  return problemsCount > 0 || topicsCount === 0 ? exitCodes.findings : exitCodes.ok
}

function createJsonOutput(stdout: OutputStream): CheckOutput {
  const write = (event: string, fields: object): void => {
    const text = JSON.stringify({ event, ...fields }, (_, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    )
    stdout.write(`${text}\n`)
  }
  return {
    file: ({ problems, notices, flows }) => write('file', { problems, notices, flows: flows.map(({ name }) => name) }),
    topic: (preflight) => write('topic', preflight),
    end: (preflights, isOffline) => write('result', { ...countFindings(preflights), isOffline }),
  }
}

function createTextOutput(stdout: OutputStream, file: string): CheckOutput {
  const say = (lines: readonly string[]): void => {
    for (const line of lines) stdout.write(`${line}\n`)
  }
  let flow: string | null = null
  return {
    file({ problems, notices, flows }) {
      say(noticeLines(notices))
      say(problems.length === 0 ? [fileLine(file, flows)] : problemLines(file, problems))
    },
    topic(preflight) {
      if (preflight.flow !== flow) say(['', `${preflight.flow}: preflight`])
      ;({ flow } = preflight)
      say(['', ...preflightLines(preflight)])
    },
    end(preflights, isOffline) {
      if (!isOffline) say(['', checkResultLine(countFindings(preflights))])
    },
  }
}
