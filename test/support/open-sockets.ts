import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

/** @returns how many connections of a process to a port of 127.0.0.1 are open (Linux: /proc) */
export function openSockets(pid: number, port: number): number {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(linkOf(pid, fd))?.[1] ?? []),
  )
  const remote = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[2]?.endsWith(`:${remote}`) === true && inodes.has(fields[9] ?? '')).length
}

/** It may have been closed meanwhile. */
function linkOf(pid: number, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return ''
  }
}
