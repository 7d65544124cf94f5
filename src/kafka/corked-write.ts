import type { Socket } from 'node:net'

export interface CorkedWriteOptions {
  /** All but the last piece are handed over. */
  readonly onHalf: () => void
  /** The kernel has taken all of it, or it failed. */
  readonly onWritten: (error?: Error | null) => void
}

/** Hands pieces of one request to a socket, corked, so that they leave in one writev. */
export function writeCorked(
  socket: Socket,
  pieces: readonly Buffer[],
  { onHalf, onWritten }: CorkedWriteOptions,
): void {
  socket.cork()
  for (let index = 0; index < pieces.length - 1; index++) socket.write(pieces[index] ?? Buffer.alloc(0))
  onHalf()
  socket.write(pieces.at(-1) ?? Buffer.alloc(0), onWritten)
  socket.uncork()
}
