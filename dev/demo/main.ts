import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { javaHelper } from '../kafka/java-helper.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { runBounded } from './bounded-run.ts'
import { startDemoCluster } from './demo-cluster.ts'
import type { DemoCluster } from './demo-cluster.ts'
import { runLive } from './live-run.ts'
import { mirrorFile } from './mirror-file.ts'
import { Narrator } from './narrator.ts'
import { demoTopics } from './record-stream.ts'

const stop = new AbortController()
/** While nothing but starting goes on, there is nothing to end in good order: the kit's watchdog removes it all. */
let isRunning = false

for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(name, () => {
    if (!isRunning || stop.signal.aborted) process.exit(code)
    stop.abort()
  })
}

keepJavaTidy()
try {
  process.exitCode = await runDemo(process.argv.includes('--once'))
} catch (error) {
  process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

/** @returns the exit code */
async function runDemo(isOnce: boolean): Promise<number> {
  const narrator = new Narrator()
  narrator.head('Starting two Kafka clusters')
  await using stack = new AsyncDisposableStack()
  const clusters = await startClusters(stack)
  for (const { alias, kafka } of clusters) narrator.say(`  ${alias}  Kafka ${kafka.version} at ${kafka.bootstrap}`)
  narrator.say(`  ready after ${narrator.elapsedSeconds} s; all files are in ${watchdog().folder}`)

  narrator.head('Topics, on both')
  for (const { name, description } of Object.values(demoTopics)) narrator.say(`  ${name.padEnd(11)} ${description}`)

  const text = mirrorFile(...clusters)
  const file = join(watchdog().folder, 'mm2.properties')
  await writeFile(file, text)
  narrator.head('mm2.properties, as MirrorMaker 2 would have it')
  narrator.quote(text)

  // Awaited here: the clusters are removed when this function is left.
  return await (isOnce ? runOnce(clusters, file, narrator) : runUntilStopped(clusters, file, narrator))
}

async function startClusters(stack: AsyncDisposableStack): Promise<readonly [DemoCluster, DemoCluster]> {
  // The helper is compiled and started meanwhile.
  const [eu, us] = await Promise.all([startDemoCluster('eu'), startDemoCluster('us'), javaHelper()])
  stack.use(eu)
  stack.use(us)
  return [eu, us]
}

async function runOnce(
  clusters: readonly [DemoCluster, DemoCluster],
  file: string,
  narrator: Narrator,
): Promise<number> {
  const isEqual = await runBounded({ clusters, file, narrator })
  narrator.head(isEqual ? 'Both sides are equal.' : 'Both sides are NOT equal.')
  narrator.say(`The demo took ${narrator.elapsedSeconds} s.`)
  return isEqual ? 0 : 1
}

async function runUntilStopped(
  clusters: readonly [DemoCluster, DemoCluster],
  file: string,
  narrator: Narrator,
): Promise<number> {
  isRunning = true
  const exitCode = await runLive({ clusters, file, narrator, signal: stop.signal })
  narrator.say('')
  if (exitCode !== 0) narrator.say(`twinlog ended with exit code ${exitCode}.`)
  narrator.say('The clusters and their files are removed.')
  return exitCode
}

/** Codec libraries unpack themselves into Java's temporary folder, and a JVM that is killed leaves them there. */
function keepJavaTidy(): void {
  const own = `-Djava.io.tmpdir=${watchdog().folder} -XX:-UsePerfData`
  process.env['JDK_JAVA_OPTIONS'] = [process.env['JDK_JAVA_OPTIONS'], own].filter(Boolean).join(' ')
}
