import type { SettingExplanation, SettingReading } from '../config/setting-explanation.ts'
import type { Notice } from '../config/notice.ts'
import type { Property } from '../config/properties.ts'
import type { NameExplanation } from './explained-names.ts'
import { wrappedLines } from './wrapped-lines.ts'

const indent = ' '.repeat(6)

/** What each flow makes of a topic or a group. */
export function nameLines(name: string, explanations: readonly NameExplanation[]): string[] {
  return [
    name,
    ...explanations.flatMap(({ flow, result, reason }) => [
      ...wrappedLines('  ', `${flow}: ${result}`, indent),
      ...wrappedLines(indent, reason, indent),
    ]),
  ]
}

/** A setting: what it is for, and for each reader what counts and what that beats. */
export function settingLines(explanation: SettingExplanation, notices: readonly Notice[]): string[] {
  const { name, declaration, notFollowed, nearest, readings } = explanation
  const about =
    declaration === null
      ? [whyNot(notFollowed, nearest)]
      : [declaration.doc, `${declaration.type}, default ${declaration.default ?? 'none'}`]
  return [
    name,
    ...about.flatMap((text) => wrappedLines('  ', text, '  ')),
    ...readings.flatMap(readingLines),
    ...notices.flatMap(({ line, key, text }) =>
      wrappedLines('  NOTE ', `${line === undefined ? '' : `line ${line}: `}${key}: ${text}`, indent),
    ),
  ]
}

function whyNot(notFollowed: string | null, nearest: string | null): string {
  if (notFollowed !== null) return `is not followed: ${notFollowed}`
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`
  return `is not a known setting${hint}`
}

function readingLines({ pair, reader, value, winner, losers, problem }: SettingReading): string[] {
  const who = pair === null ? 'process' : `${pair.source}->${pair.target}${reader === 'flow' ? '' : `, ${reader}`}`
  const origin = winner === null ? 'default' : `line ${winner.line}: ${winner.key}`
  return [
    ...wrappedLines('  ', `${who}: ${value ?? 'not set'} (${origin})`, indent),
    ...(problem === null ? [] : wrappedLines(`${indent}PROBLEM `, problem, indent)),
    ...losers.flatMap((loser) => wrappedLines(`${indent}beats `, placeOf(loser), indent)),
  ]
}

function placeOf({ line, key }: Property): string {
  return `line ${line}: ${key}`
}
