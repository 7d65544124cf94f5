import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.connect.mirror.MirrorClient;
import org.apache.kafka.connect.mirror.RemoteClusterUtils;

/** Consumers in groups, and MirrorMaker 2's own client library. */
final class KitGroups {
    private static final Duration POLL = Duration.ofMillis(200);

    private KitGroups() {}

    /** {client, group, topic}: a member of the group that reads, and commits nothing, until it is cancelled. An item when it has partitions. */
    static JsonNode joinGroup(JsonNode request, KitServer.Call call) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(request)) {
            consumer.subscribe(List.of(request.path("topic").asText()));
            boolean isTold = false;
            while (!call.isCancelled()) {
                consumer.poll(POLL);
                if (isTold || consumer.assignment().isEmpty()) continue;
                call.item(KitServer.JSON.createObjectNode().put("partitions", consumer.assignment().size()));
                call.flush();
                isTold = true;
            }
        }
        return KitServer.JSON.createObjectNode();
    }

    /**
     * {client, group, topic}: a member of the group that goes on where the group stands and reads to the ends of all partitions: an item {partition, offset, key}
     * for each record. A partition where the group stands nowhere is an error.
     */
    static JsonNode consumeGroup(JsonNode request, KitServer.Call call) {
        long count = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(request)) {
            consumer.subscribe(List.of(request.path("topic").asText()));
            while (!call.isCancelled()) {
                for (ConsumerRecord<byte[], byte[]> each : consumer.poll(POLL)) {
                    ObjectNode item = KitServer.JSON.createObjectNode();
                    item.put("partition", each.partition()).put("offset", each.offset());
                    call.item(item.put("key", each.key() == null ? null : new String(each.key())));
                    count++;
                }
                if (!consumer.assignment().isEmpty() && isAtEnd(consumer)) break;
            }
        }
        return KitServer.JSON.createObjectNode().put("count", count);
    }

    /** {client, group, offsets: {topic: {partition: {offset, metadata}}}}: what the group commits as a consumer. */
    static JsonNode commitAsConsumer(JsonNode request, KitServer.Call call) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        request.path("offsets").fields().forEachRemaining(topic ->
            topic.getValue().fields().forEachRemaining(each -> offsets.put(
                new TopicPartition(topic.getKey(), Integer.parseInt(each.getKey())),
                new OffsetAndMetadata(each.getValue().path("offset").asLong(), each.getValue().path("metadata").asText("")))));
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(request)) {
            consumer.assign(offsets.keySet());
            consumer.commitSync(offsets);
        }
        return KitServer.JSON.createObjectNode();
    }

    /** {client, alias, group}: RemoteClusterUtils.translateOffsets: answers {topic: {partition: {offset, metadata}}}. */
    static JsonNode translateOffsets(JsonNode request, KitServer.Call call) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = RemoteClusterUtils.translateOffsets(
            map(request), request.path("alias").asText(), request.path("group").asText(), Duration.ofSeconds(20));
        ObjectNode result = KitServer.JSON.createObjectNode();
        offsets.forEach((partition, offset) -> result.withObjectProperty(partition.topic())
            .putObject(String.valueOf(partition.partition()))
            .put("offset", offset.offset()).put("metadata", offset.metadata()));
        return result;
    }

    /** {client, aliases}: what MirrorClient says of a cluster. */
    static JsonNode mirrorClient(JsonNode request, KitServer.Call call) throws Exception {
        ObjectNode result = KitServer.JSON.createObjectNode();
        try (MirrorClient client = new MirrorClient(map(request))) {
            put(result, "checkpointTopics", client.checkpointTopics());
            put(result, "heartbeatTopics", client.heartbeatTopics());
            put(result, "remoteTopics", client.remoteTopics());
            put(result, "upstreamClusters", client.upstreamClusters());
            ObjectNode hops = result.putObject("hops");
            for (JsonNode alias : request.path("aliases"))
                hops.put(alias.asText(), client.replicationHops(alias.asText()));
        }
        return result;
    }

    private static boolean isAtEnd(KafkaConsumer<byte[], byte[]> consumer) {
        Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
        return ends.entrySet().stream().allMatch(each -> consumer.position(each.getKey()) >= each.getValue());
    }

    private static KafkaConsumer<byte[], byte[]> consumer(JsonNode request) {
        Properties properties = KitServer.properties(request.path("client"));
        properties.put("group.id", request.path("group").asText());
        properties.put("enable.auto.commit", "false");
        properties.putIfAbsent("auto.offset.reset", "none");
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private static Map<String, Object> map(JsonNode request) {
        Map<String, Object> map = new HashMap<>();
        KitServer.properties(request.path("client")).forEach((key, value) -> map.put(String.valueOf(key), value));
        return map;
    }

    private static void put(ObjectNode result, String name, Set<String> values) {
        ArrayNode array = result.putArray(name);
        new TreeSet<>(values).forEach(array::add);
    }
}
