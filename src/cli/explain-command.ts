import { locateKey } from '../config/key-place.ts'
import { explainSetting } from '../config/setting-explanation.ts'
import type { PropertiesFile } from '../config/properties.ts'
import { readProperties, reviewPlan } from '../mirror/flow-plan-resolution.ts'
import type { PlanReview } from '../mirror/flow-plan-resolution.ts'
import { problemLines } from './check-text.ts'
import { explainGroup, explainTopic } from './explained-names.ts'
import type { ExplainArguments } from './explain-arguments.ts'
import { nameLines, settingLines } from './explain-text.ts'
import { exitCodes } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import { jsonLines } from './json-lines.ts'
import { sayLines } from './say-lines.ts'
import type { CommandSurroundings } from './mirror-command.ts'

/**
 * Says which rule decides about a topic or a group, or which line about a setting. Nothing connects.
 * @returns configuration for a setting that nobody knows, and where the file has problems; what can be explained is all the same
 * @throws CONFIG_FILE_UNREADABLE, PROPERTIES_ESCAPE_INVALID, PATTERN_TOO_SLOW
 */
export function runExplain(
  args: ExplainArguments,
  { environment, stdout }: Pick<CommandSurroundings, 'environment' | 'stdout'>,
): ExitCode {
  const file = readProperties(args.file)
  const review = reviewPlan(file, { environment })
  const { lines, json, isKnown } =
    args.subject === 'setting' ? setting(file, review, args.name) : named(file, review, args)
  if (args.isJson) {
    const write = jsonLines(stdout)
    if (review.problems.length > 0) write('file', { problems: review.problems })
    for (const fields of json) write(args.subject, fields)
  } else {
    const problems = review.problems.length === 0 ? [] : [...problemLines(args.file, review.problems), '']
    sayLines(stdout)([...problems, ...lines])
  }
  return isKnown && review.problems.length === 0 ? exitCodes.ok : exitCodes.configuration
}

interface Explained {
  readonly lines: readonly string[]
  readonly json: readonly object[]
  readonly isKnown: boolean
}

function named(file: PropertiesFile, { flows }: PlanReview, { subject, name }: ExplainArguments): Explained {
  const found = subject === 'topic' ? explainTopic(file, flows, name) : explainGroup(file, flows, name)
  return { lines: nameLines(name, found), json: found.map((each) => ({ name, ...each })), isKnown: true }
}

function setting(file: PropertiesFile, { flows, aliases, notices }: PlanReview, key: string): Explained {
  const pairs = flows.map(({ source, target }) => ({ source: source.alias, target: target.alias }))
  const explanation = explainSetting(file, key, { aliases, pairs })
  const said = notices.filter((notice) => locateKey(notice.key, aliases).name === explanation.name)
  return {
    lines: settingLines(explanation, said),
    json: [{ ...explanation, readings: explanation.readings.map(withoutValues), notices: said }],
    isKnown: explanation.declaration !== null || explanation.notFollowed !== null,
  }
}

/** Lines are named by place alone: a value may be a secret. */
function withoutValues(reading: ReturnType<typeof explainSetting>['readings'][number]): object {
  const place = ({ key, file, line }: { key: string; file: string; line: number }) => ({ key, file, line })
  const { winner, losers } = reading
  return { ...reading, winner: winner === null ? null : place(winner), losers: losers.map(place) }
}
