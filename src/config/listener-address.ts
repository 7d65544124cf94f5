import type { SettingType } from './setting-type.ts'

/** Where something is served: a host to listen at and a port; 0: a free one. */
export interface ListenerAddress {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string
  readonly port: number
}

/** As in `http://127.0.0.1:8383`. */
export function formatListener({ host, port }: ListenerAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** LIST of `http://host:port`, as Kafka Connect writes its listeners; an empty list is none. No host (`http://:8383`) means all addresses. */
export function listeners(): SettingType<readonly ListenerAddress[]> {
  return {
    name: 'list',
    range: 'http://host:port',
    format: (value) => value.map(formatListener).join(', '),
    parse(text) {
      const found: ListenerAddress[] = []
      for (const element of text.split(',').map((each) => each.trim())) {
        if (element === '' && text.trim() === '') continue
        const address = parseListener(element)
        if (address === null) return { problem: `must be a list of http://host:port, not "${element.slice(0, 60)}"` }
        found.push(address)
      }
      return { value: found }
    },
  }
}

/** @returns null when it is no address of a listener */
export function parseListener(text: string): ListenerAddress | null {
  const match = /^http:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^\s/:[\]]*)):(\d{1,5})\/?$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) return null
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : (match[2] ?? '')), port }
}
