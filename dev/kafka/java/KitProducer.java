import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes records with Kafka's own producer. */
final class KitProducer {
    private KitProducer() {}

    /**
     * {client, steps: [{send: {topic, partition, key, value, headers, timestamp}} | {flush: true} | {begin: true}
     * | {commit: true} | {abort: true} | {hold: true}]}: bytes are base64 or null. Hold waits until the call is cancelled. A batch holds what stands between two flushes, for
     * each partition. Answers {acks: [{partition, offset, timestamp} | {error}]} in the order of the sends.
     */
    static JsonNode produce(JsonNode request, KitServer.Call call) throws Exception {
        Properties properties = producerProperties(request);
        // Only flushes end a batch.
        properties.putIfAbsent("linger.ms", "60000");
        properties.putIfAbsent("batch.size", String.valueOf(16 << 20));
        properties.putIfAbsent("max.request.size", String.valueOf(32 << 20));
        properties.putIfAbsent("buffer.memory", String.valueOf(128 << 20));
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties)) {
            if (properties.containsKey("transactional.id")) producer.initTransactions();
            for (JsonNode step : request.path("steps")) {
                if (!step.has("hold")) take(producer, step, sent);
                else while (!call.isCancelled()) Thread.sleep(20);
            }
            producer.flush();
        }
        ArrayNode acks = KitServer.JSON.createArrayNode();
        for (Future<RecordMetadata> each : sent) acks.add(describe(each));
        return KitServer.JSON.createObjectNode().set("acks", acks);
    }

    /**
     * {client, topic, partitions, count, valueBytes, recordsPerSecond, firstSequence, areApart}: a stream in which each partition's
     * records carry the numbers 0, 1, 2... as key, so that a loss, a repetition or a change of order shows. Apart: each partition has a producer of its own, because
     * one that waits for a broker lets all its partitions wait.
     * Ends at count records or when cancelled. Answers {acked: {partition: count}, failed, lastError}.
     */
    static JsonNode generate(JsonNode request, KitServer.Call call) throws Exception {
        int partitions = request.path("partitions").asInt(1);
        long count = request.path("count").asLong(Long.MAX_VALUE);
        long first = request.path("firstSequence").asLong(0);
        double recordsPerSecond = request.path("recordsPerSecond").asDouble(0);
        byte[] filler = filler(request.path("valueBytes").asInt(100));
        Map<Integer, AtomicLong> acked = new ConcurrentHashMap<>();
        AtomicLong failed = new AtomicLong();
        String[] lastError = new String[1];
        long startNanos = System.nanoTime();
        List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
        try {
            for (int each = 0; each < (request.path("areApart").asBoolean() ? partitions : 1); each++)
                producers.add(new KafkaProducer<>(producerProperties(request)));
            for (long sent = 0; sent < count && !call.isCancelled(); sent++) {
                if (recordsPerSecond > 0) sleepUntil(startNanos + (long) (sent * 1e9 / recordsPerSecond));
                int partition = (int) (sent % partitions);
                byte[] key = String.valueOf(first + sent / partitions).getBytes(StandardCharsets.UTF_8);
                ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(request.path("topic").asText(), partition, key, filler);
                producers.get(partition % producers.size()).send(record, (metadata, error) -> {
                    if (error == null) acked.computeIfAbsent(partition, each -> new AtomicLong()).incrementAndGet();
                    else {
                        failed.incrementAndGet();
                        lastError[0] = error.toString();
                    }
                });
            }
        } finally {
            producers.forEach(KafkaProducer::close);
        }
        ObjectNode result = KitServer.JSON.createObjectNode().put("failed", failed.get()).put("lastError", lastError[0]);
        ObjectNode counts = result.putObject("acked");
        new TreeMap<>(acked).forEach((partition, each) -> counts.put(String.valueOf(partition), each.get()));
        return result;
    }

    private static void take(KafkaProducer<byte[], byte[]> producer, JsonNode step, List<Future<RecordMetadata>> sent)
        throws IOException {
        if (step.has("send")) sent.add(producer.send(record(step.path("send"))));
        else if (step.has("flush")) producer.flush();
        else if (step.has("begin")) producer.beginTransaction();
        else if (step.has("commit")) producer.commitTransaction();
        else if (step.has("abort")) {
            producer.flush(); // An abort drops what was not sent yet; the point is to have it in the log.
            producer.abortTransaction();
        } else throw new IllegalArgumentException("Not a step: " + step);
    }

    private static ProducerRecord<byte[], byte[]> record(JsonNode send) throws IOException {
        RecordHeaders headers = new RecordHeaders();
        for (JsonNode header : send.path("headers")) {
            headers.add(new RecordHeader(header.path(0).asText(), bytes(header.path(1))));
        }
        Integer partition = send.hasNonNull("partition") ? send.path("partition").asInt() : null;
        Long timestamp = send.hasNonNull("timestamp") ? Long.valueOf(send.path("timestamp").asText()) : null;
        byte[] key = bytes(send.path("key"));
        byte[] value = bytes(send.path("value"));
        return new ProducerRecord<>(send.path("topic").asText(), partition, timestamp, key, value, headers);
    }

    private static ObjectNode describe(Future<RecordMetadata> sent) throws InterruptedException {
        ObjectNode ack = KitServer.JSON.createObjectNode();
        try {
            RecordMetadata metadata = sent.get();
            return ack.put("partition", metadata.partition())
                .put("offset", metadata.offset())
                .put("timestamp", String.valueOf(metadata.timestamp()));
        } catch (ExecutionException error) {
            return ack.put("error", KitServer.describe(error.getCause()));
        }
    }

    static Properties producerProperties(JsonNode request) {
        Properties properties = KitServer.properties(request.path("client"));
        properties.put("key.serializer", ByteArraySerializer.class.getName());
        properties.put("value.serializer", ByteArraySerializer.class.getName());
        return properties;
    }

    private static byte[] bytes(JsonNode node) throws IOException {
        return node.isNull() || node.isMissingNode() ? null : node.binaryValue();
    }

    /** Half of it compresses, as real data does. */
    private static byte[] filler(int size) {
        byte[] bytes = new byte[size];
        new Random(1).nextBytes(bytes);
        for (int index = 0; index < size; index += 2) bytes[index] = 'x';
        return bytes;
    }

    static void sleepUntil(long nanos) throws InterruptedException {
        long leftMs = (nanos - System.nanoTime()) / 1_000_000;
        if (leftMs > 0) Thread.sleep(leftMs);
    }
}
