/**
 * Gives a buffer's memory back at once. Large buffers that follow each other would else make the garbage collector look through the whole heap every few
 * dozen megabytes, only to find them.
 * @param bytes   nobody uses them any more; nothing happens where they share their memory with others (Buffer's pool)
 */
export function freeNow({ buffer, byteLength }: Buffer): void {
  if (buffer.byteLength === byteLength) (buffer as ArrayBuffer).transfer(0)
}
