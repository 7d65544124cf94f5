import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/** Tells what of the source is missing in the target, what is there twice, what is out of order, what came from elsewhere. */
final class KitReconciler {
    private static final int EXAMPLES = 5;

    /** Where a content stands in the source partition, and how often it was met in the target. */
    private static final class Occurrences {
        int[] indexes = new int[1];
        int count;
        int met;

        void add(int index) {
            if (count == indexes.length) indexes = java.util.Arrays.copyOf(indexes, count * 2);
            indexes[count++] = index;
        }
    }

    private record Digest(long high, long low) {}

    private final ObjectNode result = KitServer.JSON.createObjectNode();
    private final ArrayNode examples = result.putArray("examples");
    private final boolean hasTimestamps;
    private long sourceCount;
    private long targetCount;
    private long missing;
    private long duplicated;
    private long reordered;
    private long foreign;

    private KitReconciler(JsonNode request) {
        this.hasTimestamps = request.path("hasTimestamps").asBoolean(true);
    }

    /** {source, target, hasTimestamps}: answers {source, target, missing, duplicated, reordered, foreign, examples}. */
    static JsonNode reconcile(JsonNode request, KitServer.Call call) throws Exception {
        KitReconciler reconciler = new KitReconciler(request);
        for (int partition : KitReader.wanted(request.path("source"))) {
            if (call.isCancelled()) break;
            reconciler.reconcilePartition(request, partition);
        }
        return reconciler.result
            .put("source", reconciler.sourceCount)
            .put("target", reconciler.targetCount)
            .put("missing", reconciler.missing)
            .put("duplicated", reconciler.duplicated)
            .put("reordered", reconciler.reordered)
            .put("foreign", reconciler.foreign);
    }

    private void reconcilePartition(JsonNode request, int partition) throws Exception {
        Map<Digest, Occurrences> expected = new HashMap<>();
        int index = 0;
        try (RecordStream records = new RecordStream(request.path("source"), partition)) {
            for (ConsumerRecord<byte[], byte[]> each = records.next(); each != null; each = records.next()) {
                expected.computeIfAbsent(digest(each), unused -> new Occurrences()).add(index++);
            }
        }
        sourceCount += index;
        int highest = -1;
        try (RecordStream records = new RecordStream(request.path("target"), partition)) {
            for (ConsumerRecord<byte[], byte[]> each = records.next(); each != null; each = records.next()) {
                targetCount++;
                highest = judge(each, expected.get(digest(each)), highest);
            }
        }
        for (Occurrences each : expected.values()) {
            if (each.met >= each.count) continue;
            missing += each.count - each.met;
            if (examples.size() < EXAMPLES) {
                examples.add("partition " + partition + ": source record number " + each.indexes[each.met] + " is missing");
            }
        }
    }

    private int judge(ConsumerRecord<byte[], byte[]> record, Occurrences occurrences, int highest) {
        if (occurrences == null) {
            foreign++;
            note(record, "is not in the source");
            return highest;
        }
        if (occurrences.met >= occurrences.count) {
            duplicated++;
            note(record, "is there once too often");
            return highest;
        }
        int index = occurrences.indexes[occurrences.met++];
        if (index < highest) {
            reordered++;
            note(record, "is source record number " + index + " and comes after number " + highest);
        }
        return Math.max(index, highest);
    }

    private void note(ConsumerRecord<byte[], byte[]> record, String what) {
        if (examples.size() >= EXAMPLES) return;
        examples.add("partition " + record.partition() + ": target offset " + record.offset() + " " + what);
    }

    private Digest digest(ConsumerRecord<byte[], byte[]> record) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("MD5");
        if (hasTimestamps) digest.update(ByteBuffer.allocate(8).putLong(0, record.timestamp()));
        add(digest, record.key());
        add(digest, record.value());
        for (Header header : record.headers()) {
            add(digest, header.key().getBytes(java.nio.charset.StandardCharsets.UTF_8));
            add(digest, header.value());
        }
        ByteBuffer bytes = ByteBuffer.wrap(digest.digest());
        return new Digest(bytes.getLong(), bytes.getLong());
    }

    private static void add(MessageDigest digest, byte[] bytes) {
        digest.update(ByteBuffer.allocate(4).putInt(0, bytes == null ? -1 : bytes.length));
        if (bytes != null) digest.update(bytes);
    }
}
