import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What the bench does with Kafka's own clients, in one JVM for a whole run: topics, data, digests, latency, JMX.
 * One command a line on standard input (`command key=value key=value`), one line of JSON back. bench/java-tool.ts starts it.
 */
public final class BenchTool {
    private static final int POOL_BYTES = 16 << 20;

    public static void main(String[] args) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] words = line.trim().split(" ");
            Map<String, String> options = new HashMap<>();
            for (int i = 1; i < words.length; i++) {
                int at = words[i].indexOf('=');
                options.put(words[i].substring(0, at), words[i].substring(at + 1));
            }
            System.out.println(answer(words[0], options));
        }
    }

    private static String answer(String command, Map<String, String> options) {
        try {
            return switch (command) {
                case "create" -> create(options);
                case "controller" -> controller(options);
                case "delete" -> delete(options);
                case "load" -> load(options);
                case "alter" -> alter(options);
                case "steady" -> steady(options);
                case "digest" -> digest(options);
                case "latency" -> latency(options);
                case "conversions" -> conversions(options);
                default -> throw new IllegalArgumentException("unknown command " + command);
            };
        } catch (Exception cause) {
            return "{\"error\":" + quoted(cause.toString()) + "}";
        }
    }

    /** create bootstrap= topic= partitions= [replicas=1:2;1:3] [config=k:v;k:v] */
    private static String create(Map<String, String> options) throws Exception {
        NewTopic topic;
        if (options.containsKey("replicas")) {
            Map<Integer, List<Integer>> assignment = new HashMap<>();
            for (String replicas : options.get("replicas").split(";")) {
                assignment.put(assignment.size(), Arrays.stream(replicas.split(":")).map(Integer::valueOf).toList());
            }
            topic = new NewTopic(options.get("topic"), assignment);
        } else {
            topic = new NewTopic(options.get("topic"), Integer.parseInt(options.get("partitions")), (short) -1);
        }
        Map<String, String> config = new HashMap<>();
        for (String entry : options.getOrDefault("config", "").split(";")) {
            if (!entry.isEmpty()) config.put(entry.split(":")[0], entry.split(":")[1]);
        }
        try (Admin admin = admin(options)) {
            admin.createTopics(List.of(topic.configs(config))).all().get();
            // Asked again until every partition has a leader that knows it.
            Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
            int partitions = topic.replicasAssignments() == null ? topic.numPartitions() : topic.replicasAssignments().size();
            for (int i = 0; i < partitions; i++) asked.put(new TopicPartition(topic.name(), i), OffsetSpec.latest());
            for (int tries = 0; ; tries++) {
                try {
                    admin.listOffsets(asked).all().get();
                    break;
                } catch (ExecutionException notYet) {
                    if (tries == 100) throw notYet;
                    Thread.sleep(50);
                }
            }
        }
        return "{}";
    }

    /** controller bootstrap= : id of the active one */
    private static String controller(Map<String, String> options) throws Exception {
        try (Admin admin = admin(options)) {
            return "{\"id\":" + admin.describeMetadataQuorum().quorumInfo().get().leaderId() + "}";
        }
    }

    /** delete bootstrap= matching=REGEX: every topic but Kafka's own whose whole name matches */
    private static String delete(Map<String, String> options) throws Exception {
        try (Admin admin = admin(options)) {
            List<String> names = admin.listTopics().names().get().stream()
                .filter(name -> name.matches(options.get("matching"))).toList();
            admin.deleteTopics(names).all().get();
            return "{\"deleted\":" + names.size() + "}";
        }
    }

    /** alter bootstrap= topic= config=k:v;k:v : sets configs of a topic */
    private static String alter(Map<String, String> options) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        for (String entry : options.get("config").split(";")) {
            changes.add(new AlterConfigOp(new ConfigEntry(entry.split(":")[0], entry.split(":")[1]), AlterConfigOp.OpType.SET));
        }
        try (Admin admin = admin(options)) {
            ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, options.get("topic"));
            admin.incrementalAlterConfigs(Map.of(topic, changes)).all().get();
        }
        return "{}";
    }

    /** load bootstrap= topic= partitions= records= valueBytes= batchBytes= codec= [keys=] : exact batches, one after the other; with keys, so many different ones, at random */
    private static String load(Map<String, String> options) throws Exception {
        int partitions = number(options, "partitions"), records = number(options, "records"), valueBytes = number(options, "valueBytes");
        byte[] pool = letters();
        int keys = options.containsKey("keys") ? number(options, "keys") : 0;
        Random random = new Random(7);
        Map<String, Object> settings = producerSettings(options);
        settings.put("batch.size", options.get("batchBytes"));
        settings.put("linger.ms", number(options, "batchBytes") > 1 ? "5000" : "0");
        settings.put("compression.type", options.get("codec"));
        settings.put("buffer.memory", "134217728");
        settings.put("max.request.size", "8388608");
        AtomicReference<Exception> failure = new AtomicReference<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
            for (int i = 0; i < records; i++) {
                int from = random.nextInt(POOL_BYTES - valueBytes);
                byte[] value = Arrays.copyOfRange(pool, from, from + valueBytes);
                producer.send(new ProducerRecord<>(options.get("topic"), i % partitions, keys == 0 ? null : ("k" + random.nextInt(keys)).getBytes(), value),
                    (metadata, exception) -> { if (exception != null) failure.set(exception); });
            }
            producer.flush();
        }
        if (failure.get() != null) throw failure.get();
        return "{}";
    }

    /** steady bootstrap= topic= partitions= rate= seconds= valueBytes= : a constant stream over all partitions */
    private static String steady(Map<String, String> options) throws Exception {
        int partitions = number(options, "partitions"), rate = number(options, "rate");
        byte[] value = Arrays.copyOf(letters(), number(options, "valueBytes"));
        Map<String, Object> settings = producerSettings(options);
        settings.put("linger.ms", "10"); // this measures who holds up whom, not the price of small batches
        long started = System.nanoTime(), sent = 0, total = (long) rate * number(options, "seconds");
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
            while (sent < total) {
                long due = Math.min(total, (System.nanoTime() - started) * rate / 1_000_000_000L);
                for (; sent < due; sent++) {
                    producer.send(new ProducerRecord<>(options.get("topic"), (int) (sent % partitions), null, value));
                }
                LockSupport.parkNanos(1_000_000);
            }
        }
        return "{\"sent\":" + sent + "}";
    }

    /**
     * digest bootstrap= topic= partitions= : reads everything up to the end of now. Per partition the count and a CRC-32C over
     * timestamps, keys, values and headers in order.
     */
    private static String digest(Map<String, String> options) throws Exception {
        int partitions = number(options, "partitions");
        CRC32C[] sums = new CRC32C[partitions];
        long[] counts = new long[partitions];
        Arrays.setAll(sums, i -> new CRC32C());
        ByteBuffer scratch = ByteBuffer.allocate(16);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(options, options.get("bootstrap"))) {
            List<TopicPartition> all = assign(consumer, options.get("topic"), partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            consumer.seekToBeginning(all);
            while (!isAtEnd(consumer, ends)) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    counts[record.partition()]++;
                    add(sums[record.partition()], record, scratch);
                }
            }
        }
        StringJoiner parts = new StringJoiner(",", "[", "]");
        long total = 0;
        for (int i = 0; i < partitions; i++) {
            parts.add(quoted(counts[i] + ":" + Long.toHexString(sums[i].getValue())));
            total += counts[i];
        }
        return "{\"records\":" + total + ",\"partitions\":" + parts + "}";
    }

    private static boolean isAtEnd(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    private static void add(CRC32C sum, ConsumerRecord<byte[], byte[]> record, ByteBuffer scratch) {
        byte[] key = record.key(), value = record.value();
        scratch.clear().putLong(record.timestamp()).putInt(key == null ? -1 : key.length).putInt(value == null ? -1 : value.length);
        sum.update(scratch.array(), 0, 16);
        if (key != null) sum.update(key);
        if (value != null) sum.update(value);
        for (Header header : record.headers()) {
            sum.update(header.key().getBytes());
            sum.update(header.value() == null ? new byte[] {-1} : header.value());
        }
    }

    /**
     * latency source= target= topic= remoteTopic= rate= seconds= warmupSeconds= : one partition; each value begins with the
     * time it was handed to the producer (System.nanoTime, the same clock on both ends, because it is the same process).
     */
    private static String latency(Map<String, String> options) throws Exception {
        int rate = number(options, "rate"), seconds = number(options, "seconds"), warmup = number(options, "warmupSeconds");
        int total = rate * (seconds + warmup);
        long[] nanos = new long[total];
        int[] received = {0};
        long started = System.nanoTime();
        long measureFrom = started + warmup * 1_000_000_000L;
        AtomicBoolean stop = new AtomicBoolean();
        CountedReader reader = new CountedReader(options, nanos, received, measureFrom, stop);
        Thread thread = new Thread(reader);
        reader.ready.acquire();
        thread.start();
        reader.ready.acquire();
        int sent = 0;
        Map<String, Object> settings = producerSettings(options);
        settings.put("bootstrap.servers", options.get("source"));
        settings.put("linger.ms", "0");
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings)) {
            long begin = System.nanoTime();
            while (sent < total) {
                long due = Math.min(total, (System.nanoTime() - begin) * rate / 1_000_000_000L);
                for (; sent < due; sent++) {
                    byte[] value = new byte[100];
                    ByteBuffer.wrap(value).putLong(System.nanoTime());
                    producer.send(new ProducerRecord<>(options.get("topic"), 0, null, value));
                }
                LockSupport.parkNanos(200_000);
            }
        }
        for (int i = 0; i < 200 && reader.seen < sent; i++) Thread.sleep(50);
        stop.set(true);
        thread.join();
        int count = received[0];
        if (count == 0) throw new IllegalStateException("nothing arrived at the target");
        Arrays.sort(nanos, 0, count);
        return String.format(Locale.ROOT, "{\"sent\":%d,\"arrived\":%d,\"measured\":%d,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f,\"maxMs\":%.3f}",
            sent, reader.seen, count, at(nanos, count, 0.5), at(nanos, count, 0.99), at(nanos, count, 0.999), nanos[count - 1] / 1e6);
    }

    private static double at(long[] sorted, int count, double share) {
        return sorted[Math.min(count - 1, (int) (count * share))] / 1e6;
    }

    private static final class CountedReader implements Runnable {
        final java.util.concurrent.Semaphore ready = new java.util.concurrent.Semaphore(1);
        volatile int seen = 0;
        private final Map<String, String> options;
        private final long[] nanos;
        private final int[] received;
        private final long measureFrom;
        private final AtomicBoolean stop;

        CountedReader(Map<String, String> options, long[] nanos, int[] received, long measureFrom, AtomicBoolean stop) {
            this.options = options;
            this.nanos = nanos;
            this.received = received;
            this.measureFrom = measureFrom;
            this.stop = stop;
        }

        @Override
        public void run() {
            try (KafkaConsumer<byte[], byte[]> consumer = consumer(options, options.get("target"))) {
                List<TopicPartition> all = assign(consumer, options.get("remoteTopic"), 1);
                consumer.seekToEnd(all);
                consumer.position(all.get(0));
                ready.release();
                while (!stop.get()) {
                    ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
                    long now = System.nanoTime();
                    for (ConsumerRecord<byte[], byte[]> record : records) {
                        long sentAt = ByteBuffer.wrap(record.value()).getLong();
                        if (sentAt >= measureFrom) nanos[received[0]++] = now - sentAt;
                        seen++;
                    }
                }
            }
        }
    }

    /** conversions pid= : how many records and how much time the broker spent converting, by JMX without a port of its own */
    private static String conversions(Map<String, String> options) throws Exception {
        com.sun.tools.attach.VirtualMachine machine = com.sun.tools.attach.VirtualMachine.attach(options.get("pid"));
        String url = machine.startLocalManagementAgent();
        machine.detach();
        try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(url))) {
            MBeanServerConnection beans = connector.getMBeanServerConnection();
            return "{\"produce\":" + count(beans, "ProduceMessageConversionsPerSec") + ",\"fetch\":" + count(beans, "FetchMessageConversionsPerSec") + "}";
        }
    }

    private static long count(MBeanServerConnection beans, String name) throws Exception {
        ObjectName bean = new ObjectName("kafka.server:type=BrokerTopicMetrics,name=" + name);
        return beans.isRegistered(bean) ? (Long) beans.getAttribute(bean, "Count") : 0;
    }

    private static Admin admin(Map<String, String> options) {
        return Admin.create(Map.of("bootstrap.servers", options.get("bootstrap")));
    }

    private static Map<String, Object> producerSettings(Map<String, String> options) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", options.getOrDefault("bootstrap", ""));
        settings.put("key.serializer", ByteArraySerializer.class.getName());
        settings.put("value.serializer", ByteArraySerializer.class.getName());
        return settings;
    }

    private static KafkaConsumer<byte[], byte[]> consumer(Map<String, String> options, String bootstrap) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
        settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
        settings.put("enable.auto.commit", "false");
        settings.put("max.poll.records", "20000");
        settings.put("max.partition.fetch.bytes", "4194304");
        settings.put("receive.buffer.bytes", "-1");
        settings.put("isolation.level", options.getOrDefault("isolation", "read_uncommitted"));
        return new KafkaConsumer<>(settings);
    }

    private static List<TopicPartition> assign(KafkaConsumer<byte[], byte[]> consumer, String topic, int partitions) {
        List<TopicPartition> all = new ArrayList<>();
        for (int i = 0; i < partitions; i++) all.add(new TopicPartition(topic, i));
        consumer.assign(all);
        return all;
    }

    private static byte[] letters() {
        byte[] pool = new byte[POOL_BYTES];
        Random random = new Random(1);
        for (int i = 0; i < pool.length; i++) pool[i] = (byte) ('A' + random.nextInt(26));
        return pool;
    }

    private static int number(Map<String, String> options, String name) {
        return Integer.parseInt(options.get(name));
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ") + '"';
    }
}
