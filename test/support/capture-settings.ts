/*
 * Asks Kafka's own classes (test/compat/KafkaSettings.java) for every setting of MirrorMaker 2 and its clients, and writes them to
 * src/config/fixtures/kafka-settings.json, one a line:
 *
 *   node test/support/capture-settings.ts
 */
import { writeFileSync } from 'node:fs'
import { javaSettings } from './java-settings.ts'

const sections = Object.entries(await javaSettings()).map(([owner, settings]) => {
  const lines = Object.entries(settings).map(([key, facts]) => `    ${JSON.stringify(key)}: ${JSON.stringify(facts)}`)
  return `  ${JSON.stringify(owner)}: {\n${lines.join(',\n')}\n  }`
})
const file = new URL('../../src/config/fixtures/kafka-settings.json', import.meta.url)
writeFileSync(file, `{\n${sections.join(',\n')}\n}\n`)
