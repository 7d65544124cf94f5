import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** The records of one partition in order, from the beginning to the end it had when the stream was made. */
final class RecordStream implements AutoCloseable {
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TopicPartition partition;
    private final long endOffset;
    private final ArrayDeque<ConsumerRecord<byte[], byte[]>> held = new ArrayDeque<>();

    /** side: {client, topic, isolation, fromOffset} */
    RecordStream(JsonNode side, int partition) {
        this.consumer = new KafkaConsumer<>(consumerProperties(side));
        this.partition = new TopicPartition(side.path("topic").asText(), partition);
        List<TopicPartition> only = List.of(this.partition);
        consumer.assign(only);
        if (side.has("fromOffset")) consumer.seek(this.partition, side.path("fromOffset").asLong());
        else consumer.seekToBeginning(only);
        this.endOffset = consumer.endOffsets(only).get(this.partition);
    }

    static List<Integer> partitionsOf(JsonNode side) {
        List<Integer> partitions = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(consumerProperties(side))) {
            for (PartitionInfo each : consumer.partitionsFor(side.path("topic").asText())) partitions.add(each.partition());
        }
        partitions.sort(null);
        return partitions;
    }

    /** Null after the last. */
    ConsumerRecord<byte[], byte[]> next() {
        // The position also passes control records and aborted ones, so it tells when there is nothing more to come.
        while (held.isEmpty() && consumer.position(partition) < endOffset) {
            consumer.poll(Duration.ofMillis(200)).records(partition).forEach(held::add);
        }
        ConsumerRecord<byte[], byte[]> record = held.poll();
        return record == null || record.offset() >= endOffset ? null : record;
    }

    @Override
    public void close() {
        consumer.close(CloseOptions.timeout(Duration.ZERO));
    }

    static Properties consumerProperties(JsonNode side) {
        Properties properties = KitServer.properties(side.path("client"));
        properties.put("key.deserializer", ByteArrayDeserializer.class.getName());
        properties.put("value.deserializer", ByteArrayDeserializer.class.getName());
        properties.put("isolation.level", side.path("isolation").asText("read_committed"));
        properties.putIfAbsent("auto.offset.reset", "none");
        properties.putIfAbsent("allow.auto.create.topics", "false");
        properties.putIfAbsent("max.poll.records", "5000");
        return properties;
    }
}
