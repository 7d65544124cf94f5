import type { Command } from 'commander'
import { outlineCommands } from './command-outline.ts'
import type { CommandOutline } from './command-outline.ts'

/** @returns man/twinlog.1, in troff with the macros of man(7), from the declarations of the commands */
export function manualPage(commands: readonly Command[]): string {
  const [program, ...others] = outlineCommands(commands)
  if (program === undefined) return ''
  const lines = [
    '.\\" Generated from the declarations in src/cli/; do not edit.',
    '.TH TWINLOG 1',
    '.SH NAME',
    'twinlog \\- keeps Apache Kafka clusters in step',
    '.SH SYNOPSIS',
    ...[program, ...others.filter(isRunnable)].flatMap(synopsis),
    '.SH DESCRIPTION',
    troff(program.description),
    '.SH OPTIONS',
    ...terms(program),
    ...verbatim(program.explanation),
    '.SH COMMANDS',
    ...others
      .filter(isRunnable)
      .flatMap((each) => [
        `.SS "twinlog ${each.name}"`,
        troff(each.description),
        ...terms(each),
        ...verbatim(each.explanation),
      ]),
    '.SH SEE ALSO',
    'The folder docs of the project: settings, errors, metrics, delivery.',
  ]
  return `${lines.join('\n')}\n`
}

/** Of a command that only holds others, those are told. */
function isRunnable({ subcommands }: CommandOutline): boolean {
  return subcommands.length === 0
}

function synopsis({ name, values }: CommandOutline): string[] {
  const words = values.map(({ term }) => term).join(' ')
  return [
    `.B ${troff(`twinlog${name === '' ? '' : ` ${name}`}`)}`,
    troff(`[options]${words === '' ? '' : ` ${words}`}`),
    '.br',
  ]
}

function terms({ values, options }: CommandOutline): string[] {
  return [...values, ...options].flatMap(({ term, description, choices }) => [
    '.TP',
    `.B ${troff(term)}`,
    troff(`${description}${choices.length === 0 ? '' : ` (${choices.join(', ')})`}`),
  ])
}

function verbatim(text: string): string[] {
  return text === '' ? [] : ['.PP', '.nf', ...text.split('\n').map(troff), '.fi']
}

/** A dot or an apostrophe at the beginning of a line would be a request. */
function troff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&')
}
