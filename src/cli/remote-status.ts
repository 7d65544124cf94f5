import { errors } from '../base/errors.ts'
import type { StatusReport } from '../control/status-report.ts'

const timeoutMs = 5_000

/**
 * Asks a running twinlog what it does.
 * @param address                    `http://host:port`
 * @param options.hasGroupPartitions   with each partition of each group
 * @throws STATUS_UNREACHABLE
 */
export async function fetchStatus(
  address: string,
  { signal, hasGroupPartitions = false }: { readonly signal: AbortSignal; readonly hasGroupPartitions?: boolean },
): Promise<StatusReport> {
  const path = hasGroupPartitions ? '/status?groups=partitions' : '/status'
  const response = await ask(`${address}${path}`, address, signal)
  const report = await readReport(response)
  if (report === null)
    throw errors.STATUS_UNREACHABLE({ address, reason: `somebody else does (status ${response.status})` })
  return report
}

async function ask(url: string, address: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) })
  } catch (error) {
    signal.throwIfAborted()
    throw errors.STATUS_UNREACHABLE({ address, reason: reasonOf(error) }, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer in ${timeoutMs} ms`
  const { cause } = error
  if (!(cause instanceof Error)) return error.message
  return 'code' in cause ? String(cause.code) : cause.message
}

/** @returns null when whoever listens there is no twinlog */
async function readReport(response: Response): Promise<StatusReport | null> {
  try {
    const body: unknown = await response.json()
    const isReport = response.ok && typeof body === 'object' && body !== null && 'flows' in body && 'version' in body
    return isReport ? (body as StatusReport) : null
  } catch {
    return null
  }
}
