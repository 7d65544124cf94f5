import type { PreflightFinding } from './preflight-finding.ts'

/** What check has to say besides preflight: of a cluster, of a flow, or of several flows together. */
export interface CheckFinding extends Omit<PreflightFinding, 'code'> {
  readonly code:
    | 'cluster-unreachable'
    | 'cluster-refuses'
    | 'broker-unreachable'
    | 'client-refused'
    | 'topics-none'
    | 'topics-rule-unused'
    | 'topic-hidden'
    | 'groups-none'
    | 'groups-rule-unused'
    | 'groups-hidden'
    | 'same-cluster'
    | 'collision'
    | 'loop'
    | 'ring'
}
