import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/** Reads records with Kafka's own consumer. */
final class KitReader {
    private KitReader() {}

    /** {client, topic, isolation, partitions, fromOffset}: an item for each record, partition by partition. */
    static JsonNode dump(JsonNode request, KitServer.Call call) {
        long count = 0;
        for (int partition : wanted(request)) {
            try (RecordStream records = new RecordStream(request, partition)) {
                for (ConsumerRecord<byte[], byte[]> each = records.next(); each != null; each = records.next()) {
                    if (call.isCancelled()) break;
                    call.item(describe(each));
                    count++;
                }
            }
        }
        return KitServer.JSON.createObjectNode().put("count", count);
    }

    /**
     * {source, target, maxDifferences, hasTimestamps, hasOffsets}: walks both topics side by side. Answers {records,
     * partitions: {source, target}, differences: [{partition, index, what, source, target}]}.
     */
    static JsonNode compare(JsonNode request, KitServer.Call call) {
        JsonNode source = request.path("source");
        JsonNode target = request.path("target");
        List<Integer> sourcePartitions = wanted(source);
        List<Integer> targetPartitions = wanted(target);
        ObjectNode result = KitServer.JSON.createObjectNode();
        ArrayNode differences = result.putArray("differences");
        int limit = request.path("maxDifferences").asInt(5);
        long records = 0;
        for (int partition : sourcePartitions) {
            if (!targetPartitions.contains(partition)) {
                differences.addObject().put("partition", partition).put("what", "the target has no such partition");
                continue;
            }
            try (RecordStream left = new RecordStream(source, partition); RecordStream right = new RecordStream(target, partition)) {
                long index = 0;
                while (differences.size() < limit && !call.isCancelled()) {
                    ConsumerRecord<byte[], byte[]> a = left.next();
                    ConsumerRecord<byte[], byte[]> b = right.next();
                    if (a == null && b == null) break;
                    List<String> unequal = differencesOf(a, b, request);
                    if (!unequal.isEmpty()) {
                        ObjectNode entry = differences.addObject().put("partition", partition).put("index", index);
                        entry.put("what", String.join(", ", unequal));
                        entry.set("source", a == null ? null : describe(a));
                        entry.set("target", b == null ? null : describe(b));
                    }
                    if (a == null || b == null) break; // One record more is told; how many more is seen from the counts.
                    index++;
                }
                records += index;
            }
        }
        return result.put("records", records);
    }

    static List<Integer> wanted(JsonNode side) {
        if (!side.has("partitions")) return RecordStream.partitionsOf(side);
        List<Integer> partitions = new ArrayList<>();
        side.path("partitions").forEach(each -> partitions.add(each.asInt()));
        return partitions;
    }

    private static List<String> differencesOf(
        ConsumerRecord<byte[], byte[]> a, ConsumerRecord<byte[], byte[]> b, JsonNode options) {
        if (a == null) return List.of("the target has more records");
        if (b == null) return List.of("the target has fewer records");
        List<String> unequal = new ArrayList<>();
        if (!Arrays.equals(a.key(), b.key())) unequal.add("key");
        if (!Arrays.equals(a.value(), b.value())) unequal.add("value");
        if (!a.headers().equals(b.headers())) unequal.add("headers");
        if (options.path("hasTimestamps").asBoolean(true) && a.timestamp() != b.timestamp()) unequal.add("timestamp");
        if (options.path("hasOffsets").asBoolean(false) && a.offset() != b.offset()) unequal.add("offset");
        return unequal;
    }

    /** Bytes are base64; a timestamp is text, for it may be any int64. */
    private static ObjectNode describe(ConsumerRecord<byte[], byte[]> record) {
        ObjectNode node = KitServer.JSON.createObjectNode()
            .put("partition", record.partition())
            .put("offset", record.offset())
            .put("timestamp", String.valueOf(record.timestamp()))
            .put("timestampType", record.timestampType().name)
            .put("leaderEpoch", record.leaderEpoch().orElse(-1))
            .put("key", record.key())
            .put("value", record.value());
        ArrayNode headers = node.putArray("headers");
        for (Header header : record.headers()) headers.addArray().add(header.key()).add(header.value());
        return node;
    }
}
