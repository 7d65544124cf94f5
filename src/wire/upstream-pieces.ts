import type { UpstreamPiece } from './transcoded.ts'

/** Notes upstream offsets, which rise, as stretches without holes. */
export class UpstreamPieces {
  #offsets: number[] = []
  #counts: number[] = []
  /** What would continue the last stretch. */
  #next = -1

  add(upstreamOffset: number): void {
    if (upstreamOffset === this.#next) {
      this.#counts[this.#counts.length - 1]!++
    } else {
      this.#offsets.push(upstreamOffset)
      this.#counts.push(1)
    }
    this.#next = upstreamOffset + 1
  }

  /** @returns what was noted; nothing is noted any more */
  take(): UpstreamPiece[] {
    const counts = this.#counts
    const pieces = this.#offsets.map((upstreamOffset, index) => ({ upstreamOffset, count: counts[index]! }))
    this.#offsets = []
    this.#counts = []
    this.#next = -1
    return pieces
  }
}

/** The upstream offset of each record. */
export function offsetsOf(pieces: readonly UpstreamPiece[]): number[] {
  const offsets: number[] = []
  for (const { upstreamOffset, count } of pieces) {
    for (let index = 0; index < count; index++) offsets.push(upstreamOffset + index)
  }
  return offsets
}
