import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.TimestampType;

/** Reads sequence-stamped records with Kafka's own consumer, and tells of their numbers only. */
final class KitSequences {
    private static final int RANGES_MAX = 10_000;
    /** A log may end with transaction markers, which are no records. */
    private static final int TAIL_OFFSETS = 200;

    private KitSequences() {}

    /**
     * {client, topic, isolation, partitions}: answers {partition: {records, others, ranges: [[first, last]]}}: the numbers that its keys are, in log order,
     * consecutive ones folded; others: keys that are no numbers.
     */
    static JsonNode sequences(JsonNode request, KitServer.Call call) {
        ObjectNode result = KitServer.JSON.createObjectNode();
        for (int partition : KitReader.wanted(request)) {
            ObjectNode entry = result.putObject(String.valueOf(partition));
            try (RecordStream records = new RecordStream(request, partition)) {
                read(records, entry, call);
            }
        }
        return result;
    }

    private static void read(RecordStream records, ObjectNode entry, KitServer.Call call) {
        ArrayNode ranges = entry.putArray("ranges");
        long count = 0;
        long others = 0;
        long first = -1;
        long last = -1;
        for (ConsumerRecord<byte[], byte[]> each = records.next(); each != null; each = records.next()) {
            if (call.isCancelled()) break;
            count++;
            long number = number(each.key());
            if (number < 0) others++;
            else if (first >= 0 && number == last + 1) last = number;
            else {
                if (first >= 0) ranges.addArray().add(first).add(last);
                if (ranges.size() > RANGES_MAX) throw new IllegalStateException("More than " + RANGES_MAX + " ranges");
                first = number;
                last = number;
            }
        }
        if (first >= 0) ranges.addArray().add(first).add(last);
        entry.put("records", count).put("others", others);
    }

    /** {client, topic, isolation}: answers {partition: text of the last record's key, or null}. */
    static JsonNode lastKeys(JsonNode request, KitServer.Call call) {
        ObjectNode result = KitServer.JSON.createObjectNode();
        String topic = request.path("topic").asText();
        for (int partition : RecordStream.partitionsOf(request)) {
            result.put(String.valueOf(partition), (String) null);
            TopicPartition only = new TopicPartition(topic, partition);
            try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(RecordStream.consumerProperties(request))) {
                consumer.assign(List.of(only));
                long end = consumer.endOffsets(List.of(only)).get(only);
                long start = consumer.beginningOffsets(List.of(only)).get(only);
                consumer.seek(only, Math.max(start, end - TAIL_OFFSETS));
                while (consumer.position(only) < end && !call.isCancelled()) {
                    for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(200))) {
                        result.put(String.valueOf(partition), each.key() == null ? null : new String(each.key(), StandardCharsets.UTF_8));
                    }
                }
            }
        }
        return result;
    }

    /**
     * {client, topics, bucketMs}: follows topics from their ends on and says, at most once in bucketMs for each partition, when records were appended, or, where
     * brokers do not note that (message.timestamp.type), when they arrived: items {topic, partition, atMs}. Until cancelled.
     */
    static JsonNode watch(JsonNode request, KitServer.Call call) {
        long bucketMs = request.path("bucketMs").asLong(50);
        Map<TopicPartition, Long> said = new HashMap<>();
        ObjectNode settings = ((ObjectNode) request).put("isolation", "read_uncommitted");
        ((ObjectNode) settings.path("client")).put("auto.offset.reset", "earliest").put("fetch.max.wait.ms", "50");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(RecordStream.consumerProperties(settings))) {
            List<TopicPartition> all = new java.util.ArrayList<>();
            for (JsonNode topic : request.path("topics")) {
                consumer.partitionsFor(topic.asText()).forEach(each -> all.add(new TopicPartition(each.topic(), each.partition())));
            }
            consumer.assign(all);
            consumer.seekToEnd(all);
            while (!call.isCancelled()) {
                for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(20))) {
                    TopicPartition partition = new TopicPartition(each.topic(), each.partition());
                    boolean isNoted = each.timestampType() == TimestampType.LOG_APPEND_TIME;
                    long atMs = isNoted ? each.timestamp() : System.currentTimeMillis();
                    if (atMs - said.getOrDefault(partition, 0L) < bucketMs) continue;
                    said.put(partition, atMs);
                    call.item(KitServer.JSON.createObjectNode()
                        .put("topic", each.topic()).put("partition", each.partition()).put("atMs", atMs));
                }
                call.flush();
            }
        }
        return KitServer.JSON.createObjectNode();
    }

    private static long number(byte[] key) {
        try {
            return key == null ? -1 : Long.parseLong(new String(key, StandardCharsets.UTF_8));
        } catch (NumberFormatException none) {
            return -1;
        }
    }
}
