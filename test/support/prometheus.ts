import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../dev/kafka/command.ts'
import { fileLock } from '../../dev/kafka/file-lock.ts'
import { freePort } from '../../dev/kafka/free-port.ts'
import { watchdog } from '../../dev/kafka/watchdog.ts'

const checkout = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const INSTALL_TIMEOUT_MS = 120_000

/** Debian's Prometheus: the judge of what we serve. */
export interface PrometheusTools {
  readonly prometheus: string
  readonly promtool: string
}

/**
 * Finds prometheus and promtool: those of the system, or Debian's package unpacked beside the other caches.
 * @returns undefined where neither can be had (no Debian, no network)
 */
export async function findPrometheus(): Promise<PrometheusTools | undefined> {
  const system = (process.env['PATH'] ?? '').split(':').find((folder) => existsSync(join(folder, 'promtool')))
  if (system !== undefined && existsSync(join(system, 'prometheus'))) return toolsIn(system)
  const cache = join(process.env['TWINLOG_CACHE'] ?? join(checkout, 'node_modules', '.cache'), 'prometheus')
  const folder = join(cache, 'tree', 'usr', 'bin')
  if (!existsSync(folder)) {
    await using _lock = await fileLock(join(cache, 'install.lock'), { timeoutMs: INSTALL_TIMEOUT_MS })
    if (!existsSync(folder) && !(await unpack(cache))) return undefined
  }
  return toolsIn(folder)
}

function toolsIn(folder: string): PrometheusTools {
  return { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') }
}

async function unpack(cache: string): Promise<boolean> {
  const partial = join(cache, 'partial')
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  try {
    const downloaded = await runCommand('sh', ['-c', 'cd "$1" && apt-get download -qq prometheus', 'sh', partial])
    const [file] = (await readdir(partial)).filter((name) => name.endsWith('.deb'))
    if (downloaded.exitCode !== 0 || file === undefined) return false
    const { exitCode } = await runCommand('dpkg', ['-x', join(partial, file), join(partial, 'tree')])
    if (exitCode !== 0) return false
    await rename(join(partial, 'tree'), join(cache, 'tree'))
    return true
  } catch {
    return false
  }
}

export interface Lint {
  readonly exitCode: number | null
  readonly lines: readonly string[]
}

/** `promtool check metrics`: 0 is clean, 3 has remarks, all else cannot be read. */
export async function checkMetrics({ promtool }: PrometheusTools, text: string): Promise<Lint> {
  const child = spawn(promtool, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stdin.end(text)
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, lines: output.split('\n').filter((line) => line !== '') }
}

/** A Prometheus that scrapes one address every second; gone when it is disposed of. */
export class Prometheus implements AsyncDisposable {
  readonly #url: string
  readonly #stop: () => Promise<void>

  private constructor(url: string, stop: () => Promise<void>) {
    this.#url = url
    this.#stop = stop
  }

  static async scraping({ prometheus }: PrometheusTools, address: string): Promise<Prometheus> {
    await mkdir(watchdog().folder, { recursive: true })
    const folder = await mkdtemp(join(watchdog().folder, 'prometheus-'))
    const config = {
      scrape_configs: [
        { job_name: 'twinlog', scrape_interval: '1s', static_configs: [{ targets: [new URL(address).host] }] },
      ],
    }
    // JSON is YAML.
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config))
    const port = await freePort('127.0.0.1')
    const listen = `127.0.0.1:${port.port}`
    const args = [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${listen}`,
    ]
    const child = spawn(prometheus, args, { stdio: 'ignore' })
    await once(child, 'spawn')
    const { pid } = child
    if (pid !== undefined) watchdog().guard(pid)
    const ended = once(child, 'close')
    return new Prometheus(`http://${listen}`, async () => {
      child.kill('SIGTERM')
      await ended
      if (pid !== undefined) watchdog().release(pid)
      await port[Symbol.asyncDispose]()
    })
  }

  /** @returns the values of a query now, by their labels; empty while it is not there or does not know */
  async query(query: string): Promise<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }[]> {
    try {
      const answer = await fetch(`${this.#url}/api/v1/query?query=${encodeURIComponent(query)}`)
      const body = (await answer.json()) as {
        data?: { result?: { metric: Record<string, string>; value: [number, string] }[] }
      }
      return (body.data?.result ?? []).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    } catch {
      return []
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
  }
}
