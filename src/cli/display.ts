/** Where a view is drawn. */
export interface Display {
  /** Characters that a line may have. */
  readonly columns: number
  /** Lines that a view may have. */
  readonly rows: number
  draw(lines: readonly string[]): void
  /** What was drawn is not there any more: the terminal has another size. */
  clear(): void
}
