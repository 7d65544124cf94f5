import { systemClock } from './base/clock.ts'
import { runTwinlog } from './cli/main-command.ts'
import { readVersion } from './cli/version.ts'

/** Leaves room for the last lines within the ten seconds that a stop may take. */
const stopDeadlineMs = 9_500

const stop = new AbortController()

const stopSignals: [NodeJS.Signals, number][] = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]
// The live view changes the terminal and has to leave it as it was. Elsewhere nohup may have said to ignore this one.
if (process.stdout.isTTY) stopSignals.push(['SIGHUP', 129])

for (const [name, code] of stopSignals) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(code)
    stop.abort()
    setTimeout(() => {
      process.stderr.write('twinlog: did not come to an end in time; the next start finds out how far the copy came.\n')
      process.exit(1)
    }, stopDeadlineMs).unref()
  })
}

// Whoever reads our output may go away; copying goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

// Without a listener this signal would end the process.
let toggleDebug = (): void => undefined
process.on('SIGUSR2', () => toggleDebug())

process.exitCode = await runTwinlog({
  argv: process.argv.slice(2),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  clock: systemClock,
  random: Math.random,
  version: readVersion(),
  signal: stop.signal,
  onExit: (listener) => process.on('exit', listener),
  interrupt: () => process.kill(process.pid, 'SIGINT'),
  onDebugToggle: (toggle) => {
    toggleDebug = toggle
  },
})
process.exit()
