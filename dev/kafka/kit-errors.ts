import { catalogue } from '../../src/base/catalogue.ts'

/**
 * Errors of the Kafka kit (clusters for demo, tests and bench). They are not part of the product, so they stand here
 * and not in src/base/errors.ts, whose entries all have a paragraph in the user's docs.
 */
export const kitErrors = catalogue({
  TOOL_MISSING: {
    kind: 'configuration',
    action: 'stop',
    text: 'The Kafka kit needs {command}, which was not found. {remedy}',
  },
  INSTALL_FAILED: {
    kind: 'operational',
    action: 'stop',
    text: 'Getting Kafka {version} with Maven failed (exit code {exitCode}). Maven said:\n{output}',
  },
  KAFKA_HOME_INVALID: {
    kind: 'configuration',
    action: 'stop',
    text: 'KAFKA_HOME is {home}, but {home}/libs holds no kafka_2.1x-<version>.jar. Name the folder of an installation, or unset it.',
  },
  COMMAND_FAILED: {
    kind: 'operational',
    action: 'stop',
    text: '{command} failed (exit code {exitCode}):\n{output}',
  },
  BROKER_NOT_READY: {
    kind: 'operational',
    action: 'stop',
    text: 'Broker {id} of Kafka {version} was not ready after {timeoutMs} ms ({reason}). The end of its log:\n{log}',
  },
  BROKER_EXITED: {
    kind: 'operational',
    action: 'stop',
    text: '{what} ended by itself (exit code {exitCode}, signal {signal}). The end of its log:\n{log}',
  },
  BROKER_STATE: {
    kind: 'defect',
    action: 'stop',
    text: 'Cannot {verb} broker {id}: it is {state}.',
  },
  PROBE_FAILED: {
    kind: 'operational',
    action: 'retry',
    text: 'No usable metadata from {host}:{port}: {reason}',
  },
  LOCK_TIMEOUT: {
    kind: 'operational',
    action: 'stop',
    text: 'Waited {timeoutMs} ms for the lock {path}, which process {owner} holds.',
  },
  NO_FREE_PORT: {
    kind: 'operational',
    action: 'stop',
    text: 'No free port found between {low} and {high} on {host}.',
  },
  HELPER_FAILED: {
    kind: 'operational',
    action: 'stop',
    text: 'The Java helper could not {command}: {reason}',
  },
  TOOL_UNKNOWN: {
    kind: 'defect',
    action: 'stop',
    text: 'Kafka {version} has no main class for {tool}: tried {candidates}.',
  },
})
