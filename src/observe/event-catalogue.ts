import type { EventEntry } from './event.ts'

/** Every event that twinlog reports: a noun and what happened to it. Standard fields: flow, topic, partition, broker, upstreamOffset. */
export const eventEntries = {
  // --- kafka ----------------------------------------------------------------------------------------------------------
  // --- pipeline -------------------------------------------------------------------------------------------------------
  // --- control --------------------------------------------------------------------------------------------------------
} as const satisfies Record<string, EventEntry>

export type EventName = keyof typeof eventEntries
