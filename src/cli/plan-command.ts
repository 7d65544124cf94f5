import { forecastFlow } from '../check/flow-forecast.ts'
import type { FlowForecast } from '../check/flow-forecast.ts'
import { readProperties, resolvePlan } from '../mirror/flow-plan-resolution.ts'
import { LogLevel } from '../observe/log-level.ts'
import { Logger } from '../observe/logger.ts'
import { createTextLog } from '../observe/text-log.ts'
import { openVerifyClusters } from '../verify/verify-clusters.ts'
import { exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import { jsonLines } from './json-lines.ts'
import type { CommandSurroundings } from './mirror-command.ts'
import type { PlanArguments } from './plan-arguments.ts'
import { demandLines, flowForecastLines } from './plan-text.ts'
import { sayLines } from './say-lines.ts'
import type { OutputStream } from './screen.ts'

interface PlanSurroundings extends CommandSurroundings {
  readonly stderr: OutputStream
}

/**
 * Says what the flows of a file would do when they start now, flow by flow, and what they need together. Nothing is changed.
 * @returns findings where a topic would not be created, or two would be copied to one
 * @throws the configuration errors of reading and resolving the file; CLUSTER_UNREACHABLE and others of connecting; KAFKA_*
 */
export async function runPlan(args: PlanArguments, surroundings: PlanSurroundings): Promise<ExitCode> {
  const { clock, random, signal, environment, stdout, stderr } = surroundings
  const { flows, heartbeatFlows } = resolvePlan(readProperties(args.file), { clusters: args.clusters, environment })
  const write = jsonLines(stdout)
  const say = sayLines(stdout)
  const writeLine = (line: string): void => void stderr.write(`${line}\n`)
  const log = createTextLog({ writeLine, now: () => clock.now(), hasColours: false })
  const observe = new Logger(log, new LogLevel('warn'))
  const heartbeats = new Map<string, number>()
  for (const { target, heartbeats: emitted } of [...flows, ...heartbeatFlows])
    if (emitted !== undefined) heartbeats.set(target.alias, emitted.replicationFactor)
  const forecasts: FlowForecast[] = []
  for (const plan of flows) {
    await using resources = new AsyncDisposableStack()
    const clusters = await openVerifyClusters(plan, { clock, random, observe }, resources, { signal })
    const { rate, probeSeconds } = args
    const forecast = await forecastFlow(plan, clusters, { clock, signal, rate, probeSeconds, heartbeats })
    forecasts.push(forecast)
    if (args.isJson) write('flow', forecast)
    else say([...flowForecastLines(forecast), ''])
  }
  if (args.isJson) write('result', { flowsCount: forecasts.length })
  else say(demandLines(forecasts))
  return forecasts.some(wouldFail) ? exitCodes.findings : exitCodes.ok
}

function wouldFail({ topics: { create, createInternal, createAtSource, refuse } }: FlowForecast): boolean {
  return refuse.length > 0 || [...create, ...createInternal, ...createAtSource].some(({ refusal }) => refusal !== null)
}
