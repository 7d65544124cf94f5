import { InvalidArgumentError } from 'commander'
import { TwinlogError } from '../base/catalogue.ts'
import { createTopicFilter } from '../mirror/topic-filter.ts'

/**
 * Reads the option --topics.
 * @returns names or regular expressions that compile
 * @throws InvalidArgumentError
 */
export function parseTopics(text: string): readonly string[] {
  const topics = text.split(',').map((each) => each.trim())
  if (topics.some((each) => each === '')) throw new InvalidArgumentError('It is a list of topics, separated by commas.')
  try {
    createTopicFilter(topics, [])
  } catch (error) {
    if (error instanceof TwinlogError) throw new InvalidArgumentError(error.message)
    throw error
  }
  return topics
}
