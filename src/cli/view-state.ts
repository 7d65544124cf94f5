export const viewSorts = ['name', 'lag', 'behind', 'records/s', 'MB/s'] as const
export type ViewSort = (typeof viewSorts)[number]

/** What the reader of the live view has chosen. */
export interface ViewState {
  readonly sort: ViewSort
  readonly isReversed: boolean
  /** Flows and topics whose names hold it are shown, whatever their case. */
  readonly filter: string
  /** Keys go into the filter. */
  readonly isTyping: boolean
  readonly areTopicsShown: boolean
  readonly isHelpShown: boolean
  /** First row of topics that is shown. */
  readonly firstRow: number
}

export const initialViewState: ViewState = {
  sort: 'name',
  isReversed: false,
  filter: '',
  isTyping: false,
  areTopicsShown: true,
  isHelpShown: false,
  firstRow: 0,
}

/** What a key asks for beyond another view. */
export type ViewWish = 'none' | 'leave' | 'interrupt'

/**
 * What a key does.
 * @param key   as decodeKeys names it
 */
export function pressKey(state: ViewState, key: string): { readonly state: ViewState; readonly wish: ViewWish } {
  if (key === 'ctrl-c') return { state, wish: 'interrupt' }
  if (state.isTyping) return { state: typeIntoFilter(state, key), wish: 'none' }
  switch (key) {
    case 'q':
      return { state, wish: 'leave' }
    case 's': {
      const next = (viewSorts.indexOf(state.sort) + 1) % viewSorts.length
      return shown({ ...state, sort: viewSorts[next] ?? 'name', isReversed: false, firstRow: 0 })
    }
    case 'r':
      return shown({ ...state, isReversed: !state.isReversed, firstRow: 0 })
    case '/':
      return shown({ ...state, isTyping: true })
    case 'escape':
      return shown({ ...state, filter: '', isHelpShown: false, firstRow: 0 })
    case 't':
      return shown({ ...state, areTopicsShown: !state.areTopicsShown })
    case '?':
    case 'h':
      return shown({ ...state, isHelpShown: !state.isHelpShown })
    case 'down':
    case 'j':
      return shown({ ...state, firstRow: state.firstRow + 1 })
    case 'up':
    case 'k':
      return shown({ ...state, firstRow: Math.max(0, state.firstRow - 1) })
    case 'page-down':
    case ' ':
      return shown({ ...state, firstRow: state.firstRow + 10 })
    case 'page-up':
      return shown({ ...state, firstRow: Math.max(0, state.firstRow - 10) })
    case 'home':
      return shown({ ...state, firstRow: 0 })
    case 'end':
      return shown({ ...state, firstRow: Number.MAX_SAFE_INTEGER })
    default:
      return shown(state)
  }
}

function shown(state: ViewState): { readonly state: ViewState; readonly wish: ViewWish } {
  return { state, wish: 'none' }
}

function typeIntoFilter(state: ViewState, key: string): ViewState {
  if (key === 'enter') return { ...state, isTyping: false }
  if (key === 'escape') return { ...state, isTyping: false, filter: '', firstRow: 0 }
  if (key === 'backspace') return { ...state, filter: state.filter.slice(0, -1), firstRow: 0 }
  return [...key].length === 1 ? { ...state, filter: state.filter + key, firstRow: 0 } : state
}

const sequences: Readonly<Record<string, string>> = {
  '\u001b[A': 'up',
  '\u001b[B': 'down',
  '\u001bOA': 'up',
  '\u001bOB': 'down',
  '\u001b[5~': 'page-up',
  '\u001b[6~': 'page-down',
  '\u001b[H': 'home',
  '\u001b[F': 'end',
  '\u001b[1~': 'home',
  '\u001b[4~': 'end',
  '\u0003': 'ctrl-c',
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
}

/** Names of the keys in what a terminal sent: characters as they are, others by name. What is not known is left out. */
export function decodeKeys(text: string): string[] {
  const keys: string[] = []
  for (const [part] of text.matchAll(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|\u001b|[^]/gu)) {
    const name = sequences[part] ?? (part === '\u001b' ? 'escape' : undefined)
    if (name !== undefined) keys.push(name)
    else if (!/^[\u0000-\u001f\u007f-\u009f]/.test(part)) keys.push(part)
  }
  return keys
}
