/** Bytes that several parties may hold together. Taking is never refused: who takes asks first whether there is room, unless it holds nothing. */
export class ByteBudget {
  readonly totalBytes: number
  #takenBytes = 0

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes
  }

  get takenBytes(): number {
    return this.#takenBytes
  }

  hasRoomFor(bytes: number): boolean {
    return this.#takenBytes + bytes <= this.totalBytes
  }

  take(bytes: number): void {
    this.#takenBytes += bytes
  }

  giveBack(bytes: number): void {
    this.#takenBytes -= bytes
  }
}
