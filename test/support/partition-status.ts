import type { FlowReading } from '../../src/control/flow-reading.ts'
import { LaneFigures } from '../../src/pipeline/lane-figures.ts'
import { PartitionFigures } from '../../src/pipeline/partition-figures.ts'
import type { LaneStatus, LaneTotals, PartitionStatus } from '../../src/pipeline/lane-status.ts'

/** A partition that has nothing to do, but for what is said of it. */
export function partitionStatus(what: Partial<PartitionStatus> = {}): PartitionStatus {
  return {
    topic: 'orders',
    partition: 0,
    targetTopic: `eu.${what.topic ?? 'orders'}`,
    phase: 'copying',
    reason: null,
    heldUpBy: null,
    nextOffset: 0,
    endOffset: 0,
    isEndKnown: true,
    lagRecords: 0,
    lagSeconds: 0,
    oldestAgeSeconds: null,
    recordsTotal: 0,
    bytesTotal: 0,
    activeRecords: 0,
    activeBytes: 0,
    figures: new PartitionFigures(),
    ...what,
  }
}

/** Nothing happened yet, but for what is said. */
export function laneTotals(what: Partial<LaneTotals> = {}): LaneTotals {
  return {
    recordsTotal: 0,
    bytesTotal: 0,
    resealedTotal: 0,
    forwardedTotal: 0,
    droppedTotal: 0,
    dropped: { 'before position': 0, control: 0, aborted: 0, empty: 0 },
    rebuiltTotal: 0,
    coalescedTotal: 0,
    nullKeysTotal: 0,
    deadLettersTotal: 0,
    recoveriesTotal: 0,
    blindPartitionsCount: 0,
    isIdempotent: true,
    fencesTotal: 0,
    unfencedTotal: 0,
    targetLossesTotal: 0,
    duplicatesPossibleTotal: 0,
    duplicatesAvoidedTotal: 0,
    committedTotal: 0,
    abortedTotal: 0,
    foreignWritesTotal: 0,
    ...what,
  }
}

export function laneStatus(what: Partial<LaneStatus> = {}): LaneStatus {
  const buffer = { usedBytes: 0, totalBytes: 1 }
  return { totals: laneTotals(), partitions: [], figures: new LaneFigures(false), buffer, ...what }
}

/** A flow that copies, but for what is said. */
export function flowReading(what: Partial<FlowReading> = {}): FlowReading {
  return {
    name: 'eu->us',
    source: 'eu',
    target: 'us',
    state: { name: 'copying' },
    trouble: null,
    owner: null,
    gapsTotal: 0,
    duties: [],
    groups: null,
    isHeartbeatsOnly: false,
    lane: null,
    positions: null,
    ledger: null,
    nameFormats: ['legacy'],
    ...what,
  }
}
