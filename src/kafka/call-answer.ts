import { kafkaError } from './kafka-error.ts'
import type { KafkaErrorContext } from './kafka-error.ts'

/** Errors of one item of an answer that concern the call as a whole: it went to the wrong broker, or came too early. */
const wholeCallCodes: ReadonlySet<number> = new Set([
  14, // COORDINATOR_LOAD_IN_PROGRESS
  15, // COORDINATOR_NOT_AVAILABLE
  16, // NOT_COORDINATOR
  41, // NOT_CONTROLLER
  51, // CONCURRENT_TRANSACTIONS: the transaction before is not finished yet, so no partition was added
])

interface ProtocolProblem {
  readonly apiCode: number
  readonly path: string
  readonly serverErrorMessage: string | null
}

/**
 * @platformatic/kafka throws whenever an answer holds any error code. Here the answer is returned when just items of it failed,
 * and a catalogue error is thrown when it failed as a whole.
 * @throws KAFKA_*; what is no error of an answer goes through unchanged
 */
export async function answerOrThrow<Response>(
  answer: Promise<Response>,
  context: KafkaErrorContext,
): Promise<Response> {
  try {
    return await answer
  } catch (error) {
    const problems = protocolProblems(error)
    const whole = problems.find(({ path, apiCode }) => path === '/' || path === '' || wholeCallCodes.has(apiCode))
    if (whole !== undefined) throw kafkaError(whole.apiCode, { ...context, detail: whole.serverErrorMessage }, error)
    if (problems.length > 0 && error instanceof Error && 'response' in error) return error.response as Response
    throw error
  }
}

function protocolProblems(error: unknown): readonly ProtocolProblem[] {
  if (!(error instanceof AggregateError) || !('response' in error)) return []
  return error.errors as readonly ProtocolProblem[]
}
