import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
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
     * {client, topics}: follows topics with message.timestamp.type=LogAppendTime from their ends on, and tells what was appended when: items {topic, partition, atMs, first,
     * last}, numbers of its first and last record, as a rule one for each batch. Until cancelled.
     */
    static JsonNode watch(JsonNode request, KitServer.Call call) {
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
                ConsumerRecords<byte[], byte[]> polled = consumer.poll(Duration.ofMillis(20));
                for (TopicPartition partition : polled.partitions()) sayAppends(partition, polled.records(partition), call);
                call.flush();
            }
        }
        return KitServer.JSON.createObjectNode();
    }

    /** Records that were appended at the same time are one item. */
    private static void sayAppends(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records, KitServer.Call call) {
        for (int begin = 0, end; begin < records.size(); begin = end) {
            ConsumerRecord<byte[], byte[]> first = records.get(begin);
            if (first.timestampType() != TimestampType.LOG_APPEND_TIME) {
                throw new IllegalStateException(partition + " does not note when records are appended");
            }
            for (end = begin + 1; end < records.size() && records.get(end).timestamp() == first.timestamp(); end++) {}
            call.item(KitServer.JSON.createObjectNode()
                .put("topic", partition.topic()).put("partition", partition.partition()).put("atMs", first.timestamp())
                .put("first", number(first.key())).put("last", number(records.get(end - 1).key())));
        }
    }

    private static long number(byte[] key) {
        try {
            return key == null ? -1 : Long.parseLong(new String(key, StandardCharsets.UTF_8));
        } catch (NumberFormatException none) {
            return -1;
        }
    }
}
