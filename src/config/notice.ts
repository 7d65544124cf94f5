/**
 * Something that the user should know about the configuration, without being an error. Kinds:
 * - `not-done-yet`: MirrorMaker 2 would do it, twinlog does not yet (the table at start);
 * - `not-needed`: has no meaning here, and nothing is lost by that;
 * - `no-effect`: reaches nothing at the place where it stands (usually in MirrorMaker 2 neither);
 * - `unknown-key`: no setting of this name is known;
 * - `by-default`: what is done without being asked for, as in MirrorMaker 2;
 * - `doubtful`: followed as it stands, which is hardly what was meant;
 * - `changed`: followed in another way than it is written, or than MirrorMaker 2 would.
 */
export interface Notice {
  readonly kind: 'not-done-yet' | 'not-needed' | 'no-effect' | 'unknown-key' | 'doubtful' | 'by-default' | 'changed'
  readonly level: 'warning' | 'info'
  readonly key: string
  /** Absent where no line is to blame: what MirrorMaker 2 does by default. */
  readonly file?: string
  readonly line?: number
  readonly text: string
  /** With `no-effect`: the keys under which the line would have one. */
  readonly worksAs?: readonly string[]
}

/** @returns one line: place, key, text */
export function formatNotice({ key, file, line, text }: Notice): string {
  const place = file === undefined ? '' : `${file}:${line}: `
  return `${place}${key}: ${text}`
}

/**
 * The table "not done yet" that is shown at start.
 * @returns its lines without a line end; empty if there is nothing to say
 */
export function formatNotDoneYet(notices: readonly Notice[]): string[] {
  const rows = notices
    .filter((notice) => notice.kind === 'not-done-yet')
    .map((notice) => ({
      place: notice.line === undefined ? 'default' : `line ${notice.line}`,
      key: notice.key,
      text: notice.text,
    }))
  if (rows.length === 0) return []
  const placeWidth = Math.max(...rows.map((row) => row.place.length))
  const keyWidth = Math.min(60, Math.max(...rows.map((row) => row.key.length)))
  return [
    'Not done yet:',
    ...rows.map((row) => `  ${row.place.padEnd(placeWidth)}  ${row.key.padEnd(keyWidth)}  ${row.text}`),
  ]
}
