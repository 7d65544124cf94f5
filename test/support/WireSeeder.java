import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The Java side of capture-wire.ts.
 *   WireSeeder BOOTSTRAP seed            writes the topics that are captured; a line per topic: its name and id
 *   WireSeeder BOOTSTRAP dump TOPIC ISOLATION   a line per record that Java's consumer delivers: offset, then everything that a copy must keep
 */
public class WireSeeder {
    static String bootstrap;

    static Properties properties(String... pairs) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        for (int index = 0; index < pairs.length; index += 2) properties.put(pairs[index], pairs[index + 1]);
        return properties;
    }

    static KafkaProducer<String, String> producer(String... pairs) {
        Properties properties = properties(pairs);
        properties.putIfAbsent("linger.ms", "60000");
        return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
    }

    static ProducerRecord<String, String> record(String topic, int number) {
        RecordHeaders headers = new RecordHeaders();
        headers.add("number", new byte[] { (byte) number });
        return new ProducerRecord<>(topic, 0, 1690000000000L + number * 1000L, "key-" + number, "value ".repeat(number % 5) + number, headers);
    }

    /** One batch for each call: nothing is sent before the flush. */
    static void batch(KafkaProducer<String, String> producer, String topic, int from, int to) {
        for (int number = from; number < to; number++) producer.send(record(topic, number));
        producer.flush();
    }

    static void transaction(KafkaProducer<String, String> producer, int from, int to, boolean isCommitted) {
        producer.beginTransaction();
        batch(producer, "transactions", from, to);
        if (isCommitted) producer.commitTransaction();
        else producer.abortTransaction();
    }

    static void seedTransactions() {
        try (KafkaProducer<String, String> one = producer("transactional.id", "one");
             KafkaProducer<String, String> other = producer("transactional.id", "other");
             KafkaProducer<String, String> plain = producer("enable.idempotence", "false")) {
            one.initTransactions();
            other.initTransactions();
            transaction(one, 0, 3, true);
            transaction(one, 3, 6, false);
            // Two that lie inside each other, so that the answer's list has them by end, not by beginning.
            other.beginTransaction();
            batch(other, "transactions", 6, 8);
            transaction(one, 8, 11, false);
            batch(plain, "transactions", 11, 13);
            batch(other, "transactions", 13, 15);
            other.abortTransaction();
            transaction(other, 15, 17, true);
            transaction(one, 17, 20, true);
            // A batch without a transaction inside one that is aborted.
            one.beginTransaction();
            batch(one, "transactions", 20, 22);
            batch(plain, "transactions", 22, 23);
            // Ended like the others, so that nothing waits for the transaction to time out.
            one.abortTransaction();
        }
    }

    static void seedCompacted() throws Exception {
        try (KafkaProducer<String, String> producer = producer()) {
            // Holes in the first batch, all of the second taken away, tombstones in the third.
            for (String keys : new String[] { "a b c d", "e f", "a- c- e f", "g", "h", "i" }) {
                for (String key : keys.split(" ")) {
                    boolean isTombstone = key.endsWith("-");
                    producer.send(new ProducerRecord<>("compacted", 0, null, key.substring(0, 1), isTombstone ? null : "v" + key));
                }
                producer.flush();
                Thread.sleep(300);
            }
            for (int attempt = 0; attempt < 60; attempt++) {
                if (dump("compacted", "read_uncommitted", false) <= 9) return;
                producer.send(new ProducerRecord<>("compacted", 0, null, "z", "z"));
                producer.flush();
                Thread.sleep(500);
            }
            System.err.println("The cleaner did not come by in 30 s");
        }
    }

    static void seed() throws Exception {
        try (Admin admin = Admin.create(properties())) {
            Map<String, String> compacted = Map.of("cleanup.policy", "compact", "segment.ms", "200", "min.cleanable.dirty.ratio", "0.01",
                "min.compaction.lag.ms", "0", "delete.retention.ms", "3600000");
            List<NewTopic> topics = List.of(
                new NewTopic("none", 1, (short) 1), new NewTopic("gzip", 1, (short) 1), new NewTopic("snappy", 1, (short) 1),
                new NewTopic("lz4", 1, (short) 1), new NewTopic("zstd", 1, (short) 1), new NewTopic("transactions", 1, (short) 1),
                new NewTopic("append-time", 1, (short) 1).configs(Map.of("message.timestamp.type", "LogAppendTime")),
                new NewTopic("compacted", 1, (short) 1).configs(compacted),
                new NewTopic("target", 1, (short) 1), new NewTopic("target-compacted", 1, (short) 1).configs(Map.of("cleanup.policy", "compact")));
            admin.createTopics(topics).all().get();
            for (String codec : new String[] { "none", "gzip", "snappy", "lz4", "zstd" }) {
                try (KafkaProducer<String, String> producer = producer("compression.type", codec)) {
                    batch(producer, codec, 0, 3);
                    batch(producer, codec, 3, 10);
                }
            }
            try (KafkaProducer<String, String> producer = producer("enable.idempotence", "false")) {
                batch(producer, "append-time", 0, 2);
            }
            seedTransactions();
            seedCompacted();
            List<String> names = topics.stream().map(NewTopic::name).toList();
            admin.describeTopics(names).allTopicNames().get().forEach((name, topic) -> System.out.println(name + " " + topic.topicId()));
        }
    }

    static int dump(String topic, String isolation, boolean isPrinted) {
        int count = 0;
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(properties("isolation.level", isolation), new StringDeserializer(), new StringDeserializer())) {
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    count++;
                    if (isPrinted) System.out.println(record.offset() + " " + record.timestampType() + " " + record.timestamp() + " " + record.key() + " " + record.value() + " " + record.headers());
                }
            }
        }
        return count;
    }

    public static void main(String[] arguments) throws Exception {
        bootstrap = arguments[0];
        if (arguments[1].equals("seed")) seed();
        else dump(arguments[2], arguments[3], true);
    }
}
