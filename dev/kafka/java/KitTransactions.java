import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/** Writes one small transaction after the other until it is cancelled, whatever happens to the brokers meanwhile. */
final class KitTransactions {
    private final JsonNode request;
    private final String topic;
    private final int partitions;
    private final int abortEvery;
    private final byte[] value;
    private KafkaProducer<byte[], byte[]> producer;
    private long sequence;
    private long committed;
    private long aborted;
    private long failed;
    private String lastError;

    private KitTransactions(JsonNode request) {
        this.request = request;
        this.topic = request.path("topic").asText();
        this.partitions = request.path("partitions").asInt(1);
        this.abortEvery = request.path("abortEvery").asInt(2);
        this.value = new byte[request.path("valueBytes").asInt(100)];
    }

    /**
     * {client with transactional.id, topic, partitions, transactionsPerSecond, abortEvery, valueBytes}: transactions of one to four records with ascending
     * keys; every abortEvery-th is aborted. After an error a new producer begins, which aborts what was left open. Answers {committed, aborted, failed,
     * lastError}: transactions.
     */
    static JsonNode transact(JsonNode request, KitServer.Call call) throws Exception {
        KitTransactions writer = new KitTransactions(request);
        try {
            writer.run(call);
        } finally {
            writer.close();
        }
        return KitServer.JSON.createObjectNode()
            .put("committed", writer.committed)
            .put("aborted", writer.aborted)
            .put("failed", writer.failed)
            .put("lastError", writer.lastError);
    }

    private void run(KitServer.Call call) throws InterruptedException {
        double perSecond = request.path("transactionsPerSecond").asDouble(20);
        long startNanos = System.nanoTime();
        for (long index = 0; !call.isCancelled(); index++) {
            KitProducer.sleepUntil(startNanos + (long) (index * 1e9 / perSecond));
            try {
                if (producer == null) open();
                write(index);
            } catch (KafkaException error) {
                failed++;
                lastError = error.toString();
                close();
                Thread.sleep(200);
            }
        }
    }

    private void write(long index) {
        producer.beginTransaction();
        for (long each = 0; each <= index % 4; each++) {
            byte[] key = String.valueOf(sequence++).getBytes(StandardCharsets.UTF_8);
            producer.send(new ProducerRecord<>(topic, (int) ((index + each) % partitions), key, value));
        }
        if (index % abortEvery == abortEvery - 1) {
            producer.flush(); // An abort drops what was not sent yet; the point is to have it in the log.
            producer.abortTransaction();
            aborted++;
        } else {
            producer.commitTransaction();
            committed++;
        }
    }

    private void open() {
        producer = new KafkaProducer<>(KitProducer.producerProperties(request));
        producer.initTransactions();
    }

    private void close() {
        if (producer != null) producer.close(Duration.ZERO);
        producer = null;
    }
}
