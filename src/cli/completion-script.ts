import type { Command } from 'commander'
import { outlineCommands } from './command-outline.ts'
import type { CommandOutline, OutlinedOption, OutlinedValue } from './command-outline.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** @returns the script that teaches a shell the commands; it ends with a line end */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  const outlines = outlineCommands(commands)
  switch (shell) {
    case 'bash':
      return bashScript(outlines)
    case 'zsh':
      return zshScript(outlines)
    case 'fish':
      return fishScript(outlines)
  }
}

/** Names of commands, without those of their subcommands. */
function namesOf(outlines: readonly CommandOutline[]): readonly string[] {
  return outlines.map(({ name }) => name).filter((name) => name !== '' && !name.includes(' '))
}

function flagsOf({ options }: CommandOutline): string {
  return options.map(({ flag }) => flag).join(' ')
}

function bashScript(outlines: readonly CommandOutline[]): string {
  const withValues = outlines.flatMap(({ name, options }) =>
    options.filter(({ hasValue }) => hasValue).map((option) => ({ name, option })),
  )
  return `# bash completion for twinlog: source <(twinlog completion bash)
_twinlog() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command='' words=''
  COMPREPLY=()
  if ((COMP_CWORD > 1)); then
    case "\${COMP_WORDS[1]}" in
      ${namesOf(outlines).join(' | ')}) command=\${COMP_WORDS[1]} ;;
    esac
  fi
  if ((COMP_CWORD > 2)); then
    case "$command \${COMP_WORDS[2]}" in
${outlines
  .filter(({ name }) => name.includes(' '))
  .map(({ name }) => `      '${name}') command='${name}' ;;\n`)
  .join('')}    esac
  fi
  case "$command:$previous" in
${withValues.map(({ name, option }) => `    '${name}:${option.flag}') ${bashValue(option)}; return ;;\n`).join('')}  esac
  case "$command" in
${outlines.map((each) => `    '${each.name}') words='${bashWords(each, outlines)}' ;;\n`).join('')}  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ $word != -* ]]; then
    COMPREPLY+=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _twinlog twinlog
`
}

function bashValue({ choices, isFile }: OutlinedOption): string {
  if (isFile) return 'COMPREPLY=($(compgen -f -- "$word"))'
  return choices.length === 0 ? ':' : `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$word"))`
}

function bashWords(outline: CommandOutline, outlines: readonly CommandOutline[]): string {
  const next = outline.name === '' ? namesOf(outlines) : outline.subcommands
  return [...next, ...outline.values.flatMap(({ choices }) => choices), flagsOf(outline)].join(' ')
}

/** Within single quotes, and within the brackets of _arguments. */
function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, '\\$&')
}

function zshScript(outlines: readonly CommandOutline[]): string {
  const ofProgram = outlines.filter(({ name }) => name === '')
  const top = outlines.filter(({ name }) => name !== '' && !name.includes(' '))
  return `#compdef twinlog
# zsh completion for twinlog: twinlog completion zsh > a folder of fpath, as _twinlog
_twinlog() {
  local -a commands
  commands=(
${top.map(({ name, description }) => `    '${name}:${zshText(description)}'\n`).join('')}  )
  case "\${words[2]}" in
${top.map((each) => zshCase(each, outlines)).join('')}    *)
      if ((CURRENT == 2)); then _describe command commands; fi
${ofProgram.map(zshArguments).join('')}      ;;
  esac
}
_twinlog "$@"
`
}

function zshCase(outline: CommandOutline, outlines: readonly CommandOutline[]): string {
  const [first] = outline.subcommands
  const inner = outlines.find(({ name }) => name === `${outline.name} ${first}`)
  if (inner === undefined)
    return `    ${outline.name})\n      shift words\n      ((CURRENT--))\n${zshArguments(outline)}      ;;\n`
  return `    ${outline.name})
      if ((CURRENT == 3)); then compadd ${outline.subcommands.join(' ')}; return; fi
      shift 2 words
      ((CURRENT -= 2))
${zshArguments(inner)}      ;;
`
}

function zshArguments({ options, values }: CommandOutline): string {
  const lines = [
    ...options.map(
      (option) =>
        `'${option.flag}[${zshText(option.description)}]${option.hasValue ? `:value:${zshValue(option)}` : ''}'`,
    ),
    ...values.map((value) => `':${zshText(value.term)}:${zshValue(value)}'`),
  ]
  return `      _arguments \\\n${lines.map((line) => `        ${line}`).join(' \\\n')}\n`
}

function zshValue({ choices, isFile }: OutlinedValue): string {
  if (isFile) return '_files'
  return choices.length === 0 ? ' ' : `(${choices.join(' ')})`
}

function fishText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}

function fishScript(outlines: readonly CommandOutline[]): string {
  const names = namesOf(outlines).join(' ')
  const lines = outlines.flatMap((each) => {
    const when = fishCondition(each, names)
    const commands =
      each.name === '' || each.name.includes(' ')
        ? []
        : [
            `complete -c twinlog -n 'not __fish_seen_subcommand_from ${names}' -a '${each.name}' -d '${fishText(each.description)}'`,
          ]
    const next = [...each.subcommands, ...each.values.flatMap(({ choices }) => choices)]
    return [
      ...commands,
      ...(next.length === 0 ? [] : [`complete -c twinlog -n '${when}' -a '${next.join(' ')}'`]),
      ...each.options.map((option) => `complete -c twinlog -n '${when}' ${fishOption(option)}`),
    ]
  })
  return `# fish completion for twinlog: twinlog completion fish > ~/.config/fish/completions/twinlog.fish\n${lines.join('\n')}\n`
}

function fishCondition({ name }: CommandOutline, names: string): string {
  if (name === '') return `not __fish_seen_subcommand_from ${names}`
  return name
    .split(' ')
    .map((word) => `__fish_seen_subcommand_from ${word}`)
    .join('; and ')
}

function fishOption({ flag, description, hasValue, isFile, choices }: OutlinedOption): string {
  const value = !hasValue ? '' : isFile ? ' -r -F' : choices.length === 0 ? ' -x' : ` -x -a '${choices.join(' ')}'`
  return `-l ${flag.replace(/^--/, '')}${value} -d '${fishText(description)}'`
}
