import { FETCH_VERSIONS } from '../wire/fetch-request.ts'

export const FETCH_KEY = 1
/** Answers name a topic by its id from here on (KIP-516). */
export const FIRST_FETCH_WITH_TOPIC_IDS = 13
/** Headers are flexible from here on (KIP-482). */
export const FIRST_FLEXIBLE_FETCH = 12

/** Versions for topics of which one has no id: those that name topics. */
export const FETCH_VERSIONS_BY_NAME = FETCH_VERSIONS.filter((version) => version < FIRST_FETCH_WITH_TOPIC_IDS)
