import type { OutputStream } from './screen.ts'

/** @returns what writes one object as one line of JSON; `event` says which kind it is */
export function jsonLines(stdout: OutputStream): (event: string, fields: object) => void {
  return (event, fields) => {
    const text = JSON.stringify({ event, ...fields }, (_, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    )
    stdout.write(`${text}\n`)
  }
}
