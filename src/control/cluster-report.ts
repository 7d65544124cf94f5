import type { ClusterEvent } from '../kafka/cluster-event.ts'
import type { EventName } from '../observe/event-catalogue.ts'
import type { Observer } from '../observe/event.ts'

/** Passes what a flow's cluster clients report on to the observer, with the flow's name. */
export function reportClusterEvents(flow: string, observe: Observer<EventName>): (event: ClusterEvent) => void {
  return ({ name, ...fields }) => {
    const isBack = name === 'ClusterReached' && 'rounds' in fields && fields.rounds > 0
    observe.event(isBack ? 'ClusterCameBack' : name, { flow, ...fields })
  }
}
