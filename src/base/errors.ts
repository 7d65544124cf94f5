import { catalogue } from './catalogue.ts'
import type { ErrorEntry } from './catalogue.ts'
import { connectionErrors } from './connection-errors.ts'

/**
 * Every error that twinlog raises, by code. Each has a paragraph in docs/errors.md (a test compares both).
 * Retired codes stay listed in docs/errors.md and are never used again.
 */
export const errorEntries = {
  // --- base ---------------------------------------------------------------------------------------------------------
  DEFECT: { kind: 'defect', action: 'stop', text: 'This is a defect of twinlog: {what}. Please report it.' },
  STOPPING: { kind: 'operational', action: 'stop', text: '{what} was stopped: {reason}' },
  // --- config -------------------------------------------------------------------------------------------------------
  CONFIG_FILE_UNREADABLE: {
    kind: 'configuration',
    action: 'stop',
    text: 'The file {file} cannot be read: {reason}. Name an existing, readable .properties file.',
  },
  PROPERTIES_ESCAPE_INVALID: {
    kind: 'configuration',
    action: 'stop',
    text: '{file}:{line}: \\u must be followed by four hexadecimal digits, found {text}. Write a backslash as \\\\.',
  },
  PROPERTIES_NOT_TEXT: {
    kind: 'configuration',
    action: 'stop',
    text: '{file} is not a .properties file: it holds null bytes. If an editor saved it as UTF-16 ("Unicode"), save it as UTF-8.',
  },
  CONFIG_INVALID: { kind: 'configuration', action: 'stop', text: '{file} has {count} problem(s):\n{problems}' },
  PATTERN_INVALID: {
    kind: 'configuration',
    action: 'stop',
    text: 'The regular expression {pattern} has an error at column {column}: {reason}',
  },
  PATTERN_UNSUPPORTED: {
    kind: 'configuration',
    action: 'stop',
    text: 'The regular expression {pattern} uses at column {column} what twinlog does not have: {reason}',
  },
  PATTERN_TOO_SLOW: {
    kind: 'configuration',
    action: 'stop',
    text: 'Matching the regular expression {pattern} against {name} took more than {stepsCount} steps and was given up. Simplify the expression: a repetition inside a repetition, with a back reference, is the usual cause.',
  },
  // --- kafka: connections, TLS, SASL, metadata ------------------------------------------------------------------------
  ...connectionErrors,
  // --- wire: frames and batches -----------------------------------------------------------------------------------------
  FRAME_CORRUPT: {
    kind: 'operational',
    action: 'retry',
    text: 'An answer of the broker could not be read: {what} at byte {at} of {limit}. The connection is closed and the request sent again; if it goes on, check that the address belongs to a Kafka broker and that nothing on the way changes bytes.',
  },
  BATCH_CORRUPT: {
    kind: 'operational',
    action: 'stop',
    text: 'The record batch at offset {offset} is damaged: {what}. It is not copied; look at it with kafka-dump-log on the source, and restore the partition from a healthy replica or skip the batch.',
  },
  BATCH_CHECKSUM: {
    kind: 'operational',
    action: 'stop',
    text: 'The record batch at offset {offset} ({size} bytes) is damaged: its header says CRC-32C {stored}, its bytes have {computed}. It is not copied; look at it with kafka-dump-log on the source, and restore the partition from a healthy replica or skip the batch.',
  },
  BATCH_EXPANDS: {
    kind: 'operational',
    action: 'stop',
    text: 'The record batch at offset {offset} was not decompressed ({codec}), because it needs more than {limitBytes} bytes. It is not copied. If a producer really wrote so much into one batch, a larger limit lets it through; else it is damaged, or made to exhaust whoever reads it.',
  },
  COMPRESSED_BYTES_CORRUPT: {
    kind: 'operational',
    action: 'stop',
    text: 'Compressed records ({codec}) are damaged: {what}. They are not copied; look at them with kafka-dump-log --deep-iteration on the source, and restore the partition from a healthy replica or skip the batch.',
  },
  DECOMPRESSION_LIMIT: {
    kind: 'operational',
    action: 'stop',
    text: 'Compressed records ({codec}) were not decompressed, because they need more than {limitBytes} bytes. They are not copied. If a producer really wrote so much into one batch, a larger limit lets it through; else they are damaged, or made to exhaust whoever reads them.',
  },
  // --- pipeline: reading, rewriting, writing ----------------------------------------------------------------------------
  FETCH_REFUSED: {
    kind: 'operational',
    action: 'retry',
    text: 'Broker {broker} refused a fetch as a whole with {error}. It is asked again.',
  },
  RECORD_TOO_LARGE: {
    kind: 'operational',
    action: 'stop',
    text: 'The record at offset {offset} of {topic} partition {partition} is too large for {targetTopic}: alone it makes a batch of {sizeBytes} bytes, and max.message.bytes is {limitBytes}. The partition stops before it; nothing is skipped. Raise max.message.bytes of the remote topic, or set twinlog.oversized.record.policy=dead-letter to write such records to another topic. It is tried again now and then, with the configuration that the remote topic then has.',
  },
  DEAD_LETTER_UNWRITTEN: {
    kind: 'operational',
    action: 'stop',
    text: 'The record at offset {offset} of {topic} partition {partition} is too large for its remote topic, and could not be written to {deadLetterTopic} either: {reason} The partition stops before it; nothing is skipped. It is tried again now and then.',
  },
  BATCH_REFUSED: {
    kind: 'operational',
    action: 'stop',
    text: 'The target refused the record batch at upstream offset {offset} of {topic} partition {partition} with {error} ({detail}). {remedy}',
  },
  SOURCE_REFUSED: {
    kind: 'operational',
    action: 'stop',
    text: 'Reading {topic} partition {partition} from cluster {cluster} was refused with {error}. {remedy}',
  },
  POSITION_MISSING: {
    kind: 'configuration',
    action: 'stop',
    text: 'There is no stored position for {topic} partition {partition}, and auto.offset.reset is none. Set it to earliest or latest, or write a position to {offsetsTopic}.',
  },
  GAP_STOPS: {
    kind: 'operational',
    action: 'stop',
    text: 'Records of {topic} partition {partition} from upstream offset {fromOffset} to {toOffset} cannot be copied ({reason}), and twinlog.gap.policy is stop. Set twinlog.gap.policy=continue to go on behind the gap.',
  },
  DELIVERY_TIMED_OUT: {
    kind: 'operational',
    action: 'stop',
    text: 'The target acknowledged nothing of {topic} partition {partition} for {timeoutMs} ms (delivery.timeout.ms); the last reason was {reason}. The partition stops and is tried again in a while.',
  },
  NOT_REPLICATED_YET: {
    kind: 'operational',
    action: 'retry',
    text: 'What was written to {topic} partition {partition} is not on all replicas in sync yet: they have it up to offset {end}, and {expected} is waited for. Look at the followers of that partition.',
  },
  TOPIC_NOT_FOUND: {
    kind: 'operational',
    action: 'refresh-metadata',
    text: 'The topic {topic}, or its remote topic, is not there now. It is looked for again.',
  },
  // --- control: topics, positions, ledger -------------------------------------------------------------------------------
  CLUSTER_MIRRORS_ITSELF: {
    kind: 'configuration',
    action: 'stop',
    text:
      'Flow {flow}: {source} and {target} are the same cluster (id {clusterId}), and the replication policy keeps topic names: every record would be ' +
      'copied onto its own topic again and again. Correct bootstrap.servers of one of the two.',
  },
  GROUP_TAKEN: {
    kind: 'operational',
    action: 'rejoin',
    text: 'Group {groupId} on cluster {cluster} belongs to {program}: {members}. Two programs must not copy the same flow. Stop it, and this flow goes on by itself; if it is something else, give twinlog another group.id.',
  },
  GROUP_UNAUTHORIZED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: the user of twinlog may not use group {groupId}, which guards that only one process copies. Allow it: kafka-acls.sh --bootstrap-server {bootstrapServers} --add --allow-principal User:<user of twinlog> --operation Read --operation Describe --group {groupId}',
  },
  SESSION_TIMEOUT_REFUSED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster} does not take twinlog.session.timeout.ms={sessionTimeoutMs}. It has to lie between group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers (6000 and 1800000 unless they are set).',
  },
  LEDGER_RECORD_CORRUPT: {
    kind: 'operational',
    action: 'stop',
    text:
      'Record {key} at offset {offset} of the ledger topic {ledgerTopic} cannot be read: {reason}. Nothing was copied by it. To go on ' +
      'without it, stop twinlog and write a tombstone for this key: the partition then starts at its position in mm2-offsets and may copy a ' +
      'short stretch twice.',
  },
  LEDGER_RECORD_TOO_NEW: {
    kind: 'configuration',
    action: 'stop',
    text:
      'Record {key} at offset {offset} of the ledger topic {ledgerTopic} has format {formatVersion}; this twinlog knows formats up to ' +
      '{knownVersion}. Run the newer twinlog that wrote it, or a later one.',
  },
  LEDGER_SEGMENT_MISSING: {
    kind: 'operational',
    action: 'stop',
    text:
      'The ledger topic {ledgerTopic} lacks segment {segment} of {topic}-{partition}, which its head at offset {offset} names. Was the topic cut ' +
      'by retention or DeleteRecords? It must be compacted only. To go on, stop twinlog and write a tombstone for the key head/{topic}/{partition}: the ' +
      'partition then starts at its position in mm2-offsets and may copy a short stretch twice.',
  },
  LEDGER_WRITE_FAILED: {
    kind: 'operational',
    action: 'retry',
    text: 'Could not write {count} partitions to the ledger topic {ledgerTopic} on {cluster}: {reason}. Nothing that depends on it was sent.',
  },
  LEDGER_WRITE_REFUSED: {
    kind: 'operational',
    action: 'stop',
    text: 'Cluster {cluster} does not take {count} partitions into the ledger topic {ledgerTopic}: {reason} Nothing that depends on it was sent.',
  },
  SOURCE_OFFSETS_WRITE_FAILED: {
    kind: 'operational',
    action: 'retry',
    text: 'Could not write {count} positions to {offsetsTopic} on {cluster}: {reason}. They are written with the next flush; copying goes on.',
  },
  ACLS_UNREADABLE: {
    kind: 'configuration',
    action: 'stop',
    text:
      'Cluster {cluster} does not let the user of twinlog read its access rules, so they are not synced. Allow it: kafka-acls --add --allow-principal User:<user> --operation Describe --cluster. ' +
      'Or set sync.topic.acls.enabled=false.',
  },
  ACLS_UNWRITABLE: {
    kind: 'configuration',
    action: 'stop',
    text:
      'Cluster {cluster} did not take {count} access rules of remote topics: {reason} Allow it: kafka-acls --add --allow-principal User:<user> --operation Alter --operation Describe --cluster. ' +
      'Or set sync.topic.acls.enabled=false.',
  },
  // --- transactions ---------------------------------------------------------------------------------------------------
  TRANSACTION_FENCED: {
    kind: 'operational',
    action: 'fence',
    text:
      'Another process took the transactional id {transactionalId} over, or a transaction was open for longer than transaction.timeout.ms ({reason}). ' +
      'What was not committed is aborted; the flow starts again and copies it. If it happens again and again, two programs copy this flow: stop one.',
  },
  TRANSACTIONAL_ID_UNAUTHORIZED: {
    kind: 'configuration',
    action: 'stop',
    text:
      'Cluster {cluster} does not let us use the transactional id {transactionalId}: {reason} Allow it: kafka-acls --add --allow-principal ' +
      'User:<user> --operation Write --operation Describe --transactional-id {transactionalId}.',
  },
  TRANSACTION_TIMEOUT_REFUSED: {
    kind: 'configuration',
    action: 'stop',
    text:
      'Cluster {cluster} does not take transaction.timeout.ms={timeoutMs}. Set a producer setting transaction.timeout.ms that is at most ' +
      'transaction.max.timeout.ms of its brokers.',
  },
  CONFIG_TOPIC_PARTITIONED: {
    kind: 'configuration',
    action: 'stop',
    text: 'Cluster {cluster}: topic {topic} has {partitionsCount} partitions; it has to have one, as for MirrorMaker 2. Create it anew, or name another (config.storage.topic).',
  },
  // --- verify and check -----------------------------------------------------------------------------------------------
  RANGE_REMOVED: {
    kind: 'operational',
    action: 'stop',
    text: 'Cluster {cluster}: offset {offset} of {topic} partition {partition} is not there any more: retention or DeleteRecords took it while it was being compared.',
  },
  VERIFY_STATE_UNREADABLE: {
    kind: 'configuration',
    action: 'stop',
    text: 'The state file {file} cannot be used: {reason}. Name another file with --state, or delete this one to compare everything again.',
  },
  // --- cli ----------------------------------------------------------------------------------------------------------
  FLOW_UNKNOWN: {
    kind: 'configuration',
    action: 'stop',
    text: 'The file has no flow {flow} that is enabled. It has {flows}.',
  },
  STATUS_UNREACHABLE: {
    kind: 'operational',
    action: 'stop',
    text: 'No twinlog answers at {address}: {reason}. Its log says where it serves (ListenerOpened); name that: twinlog status http://host:port.',
  },
} as const satisfies Record<string, ErrorEntry>

export const errors = catalogue(errorEntries)
