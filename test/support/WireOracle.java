import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.*;

/** Writes, with Kafka's own classes, the frames and batches that src/wire is tested against: JSON of hex on stdout. See src/wire/fixtures/README.md. */
public class WireOracle {
    static final Uuid TOPIC_ID = new Uuid(0x0102030405060708L, 0x090a0b0c0d0e0f10L);
    static final Uuid OTHER_ID = new Uuid(0x1112131415161718L, 0x191a1b1c1d1e1f20L);
    static final List<String> entries = new ArrayList<>();

    static String hex(ByteBuffer buffer) {
        StringBuilder text = new StringBuilder();
        ByteBuffer bytes = buffer.duplicate();
        while (bytes.hasRemaining()) text.append(String.format("%02x", bytes.get()));
        return text.toString();
    }

    static void message(String name, Message message, int version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, (short) version));
        message.write(new ByteBufferAccessor(buffer), cache, (short) version);
        buffer.flip();
        entries.add("  \"" + name + " v" + version + "\": \"" + hex(buffer) + "\"");
    }

    static FetchRequestData fetchRequest(int version) {
        return new FetchRequestData().setMaxWaitMs(500).setMinBytes(1).setMaxBytes(52428800).setIsolationLevel((byte) 1)
            .setSessionId(1234567890).setSessionEpoch(7).setRackId("räck-1")
            .setTopics(List.of(
                new FetchRequestData.FetchTopic().setTopic("orders").setTopicId(TOPIC_ID).setPartitions(List.of(
                    new FetchRequestData.FetchPartition().setPartition(0).setCurrentLeaderEpoch(3).setFetchOffset(5_000_000_000L)
                        .setLastFetchedEpoch(version < 12 ? -1 : 2).setPartitionMaxBytes(1048576),
                    new FetchRequestData.FetchPartition().setPartition(300).setCurrentLeaderEpoch(-1).setFetchOffset(0)
                        .setLastFetchedEpoch(-1).setPartitionMaxBytes(4096))),
                new FetchRequestData.FetchTopic().setTopic("x".repeat(200)).setTopicId(OTHER_ID).setPartitions(List.of(
                    new FetchRequestData.FetchPartition().setPartition(1).setCurrentLeaderEpoch(0)
                        .setFetchOffset(9007199254740991L).setLastFetchedEpoch(version < 12 ? -1 : 0).setPartitionMaxBytes(1)))))
            .setForgottenTopicsData(List.of(
                new FetchRequestData.ForgottenTopic().setTopic("gone").setTopicId(OTHER_ID).setPartitions(List.of(0, 5, 70000))));
    }

    static FetchResponseData fetchResponse(int version) {
        FetchResponseData.PartitionData full = new FetchResponseData.PartitionData().setPartitionIndex(4).setErrorCode((short) 0)
            .setHighWatermark(5_000_000_100L).setLastStableOffset(5_000_000_050L).setLogStartOffset(17)
            .setAbortedTransactions(List.of(
                new FetchResponseData.AbortedTransaction().setProducerId(9_000_000_000_000_000_000L).setFirstOffset(5_000_000_040L),
                new FetchResponseData.AbortedTransaction().setProducerId(12).setFirstOffset(5_000_000_001L)))
            .setPreferredReadReplica(2)
            .setRecords(MemoryRecords.withRecords(5_000_000_000L, Compression.NONE, 3,
                new SimpleRecord(1700000000000L, "k".getBytes(), "v".getBytes())));
        FetchResponseData.PartitionData failed = new FetchResponseData.PartitionData().setPartitionIndex(5).setErrorCode((short) 6)
            .setHighWatermark(-1).setLastStableOffset(-1).setLogStartOffset(-1).setAbortedTransactions(null)
            .setRecords(MemoryRecords.EMPTY);
        FetchResponseData.PartitionData nothing = new FetchResponseData.PartitionData().setPartitionIndex(6)
            .setHighWatermark(10).setLastStableOffset(10).setLogStartOffset(0).setAbortedTransactions(List.of()).setRecords(null);
        if (version >= 12) {
            failed.setCurrentLeader(new FetchResponseData.LeaderIdAndEpoch().setLeaderId(3).setLeaderEpoch(8));
            nothing.setDivergingEpoch(new FetchResponseData.EpochEndOffset().setEpoch(2).setEndOffset(5_000_000_000L));
            nothing.setSnapshotId(new FetchResponseData.SnapshotId().setEndOffset(1).setEpoch(1));
        }
        FetchResponseData response = new FetchResponseData().setThrottleTimeMs(30).setErrorCode((short) 0).setSessionId(1234567890)
            .setResponses(List.of(
                new FetchResponseData.FetchableTopicResponse().setTopic("orders").setTopicId(TOPIC_ID).setPartitions(List.of(full, failed)),
                new FetchResponseData.FetchableTopicResponse().setTopic("other").setTopicId(OTHER_ID).setPartitions(List.of(nothing))));
        if (version >= 16) response.nodeEndpoints().add(new FetchResponseData.NodeEndpoint().setNodeId(3).setHost("broker-3").setPort(9092).setRack("r"));
        return response;
    }

    static ProduceRequestData produceRequest(int version) {
        ProduceRequestData.TopicProduceDataCollection topics = new ProduceRequestData.TopicProduceDataCollection();
        topics.add(new ProduceRequestData.TopicProduceData().setName("orders").setPartitionData(List.of(
            new ProduceRequestData.PartitionProduceData().setIndex(0).setRecords(batch(Compression.NONE, 9, (short) 1, 5, false, 2, 10)),
            new ProduceRequestData.PartitionProduceData().setIndex(1).setRecords(batch(Compression.NONE, 9, (short) 1, 0, false, 1, version == 11 ? 17000 : 300)))));
        topics.add(new ProduceRequestData.TopicProduceData().setName("x".repeat(130)).setPartitionData(List.of(
            new ProduceRequestData.PartitionProduceData().setIndex(70000).setRecords(batch(Compression.NONE, 9, (short) 1, 0, false, 1, 1)))));
        return new ProduceRequestData().setTransactionalId(version == 8 ? "tx" : null).setAcks((short) -1).setTimeoutMs(30000).setTopicData(topics);
    }

    static ProduceResponseData produceResponse(int version) {
        ProduceResponseData.PartitionProduceResponse good = new ProduceResponseData.PartitionProduceResponse().setIndex(0)
            .setBaseOffset(5_000_000_000L).setLogAppendTimeMs(-1).setLogStartOffset(11);
        ProduceResponseData.PartitionProduceResponse refused = new ProduceResponseData.PartitionProduceResponse().setIndex(1).setErrorCode((short) 87)
            .setBaseOffset(-1).setLogAppendTimeMs(1700000000000L).setLogStartOffset(-1).setErrorMessage("ünfit")
            .setRecordErrors(List.of(
                new ProduceResponseData.BatchIndexAndErrorMessage().setBatchIndex(2).setBatchIndexErrorMessage("why"),
                new ProduceResponseData.BatchIndexAndErrorMessage().setBatchIndex(3).setBatchIndexErrorMessage(null)));
        if (version >= 10) refused.setCurrentLeader(new ProduceResponseData.LeaderIdAndEpoch().setLeaderId(4).setLeaderEpoch(5));
        ProduceResponseData.TopicProduceResponseCollection topics = new ProduceResponseData.TopicProduceResponseCollection();
        topics.add(new ProduceResponseData.TopicProduceResponse().setName("orders").setPartitionResponses(List.of(good, refused)));
        topics.add(new ProduceResponseData.TopicProduceResponse().setName("empty").setPartitionResponses(List.of()));
        ProduceResponseData response = new ProduceResponseData().setResponses(topics).setThrottleTimeMs(40);
        if (version >= 10) response.nodeEndpoints().add(new ProduceResponseData.NodeEndpoint().setNodeId(4).setHost("h").setPort(9).setRack(null));
        return response;
    }

    static MemoryRecords batch(Compression compression, long producerId, short epoch, int sequence, boolean isTransactional, int count, int valueSize) {
        return batch(compression, 0, -1, producerId, epoch, sequence, isTransactional, TimestampType.CREATE_TIME, count, valueSize);
    }

    static MemoryRecords batch(Compression compression, long baseOffset, int leaderEpoch, long producerId, short epoch, int sequence,
                               boolean isTransactional, TimestampType timestampType, int count, int valueSize) {
        ByteBuffer buffer = ByteBuffer.allocate(200 + count * (valueSize + 100));
        try (MemoryRecordsBuilder builder = new MemoryRecordsBuilder(buffer, RecordBatch.MAGIC_VALUE_V2, compression, timestampType, baseOffset,
                1700000000000L, producerId, epoch, sequence, isTransactional, false, leaderEpoch, buffer.capacity())) {
            for (int index = 0; index < count; index++) {
                Header[] headers = { new RecordHeader("h", new byte[] { (byte) index }) };
                builder.append(1690000000000L + index * 1000L, ("key-" + index).getBytes(), "v".repeat(valueSize).getBytes(), headers);
            }
            return builder.build();
        }
    }

    /** What a source broker gives, and what the target has to get: the same records, written by another producer. */
    static void pair(String name, Compression compression) {
        int[] shape = { 5, 40 };
        String source = hex(batch(compression, 5_000_000_000L, 3, 4_000_000_000L, (short) 7, 2147483640, true, TimestampType.CREATE_TIME, shape[0], shape[1]).buffer());
        String target = hex(batch(compression, 0, -1, 70_000_000_000L, (short) 2, 123456, false, TimestampType.CREATE_TIME, shape[0], shape[1]).buffer());
        String plain = hex(batch(compression, 0, -1, -1, (short) -1, -1, false, TimestampType.CREATE_TIME, shape[0], shape[1]).buffer());
        entries.add("  \"source batch " + name + "\": \"" + source + "\"");
        entries.add("  \"target batch " + name + "\": \"" + target + "\"");
        entries.add("  \"target batch without producer " + name + "\": \"" + plain + "\"");
    }

    static void legacy(String name, byte magic, Compression compression) {
        legacy(name, magic, compression, TimestampType.CREATE_TIME);
    }

    static void legacy(String name, byte magic, Compression compression, TimestampType timestampType) {
        ByteBuffer buffer = ByteBuffer.allocate(1000);
        try (MemoryRecordsBuilder builder = MemoryRecords.builder(buffer, magic, compression, timestampType, 100L, 1700000000000L)) {
            for (int index = 0; index < 2; index++)
                builder.append(magic == 0 ? -1 : 1690000000000L + index, ("k" + index).getBytes(), ("v" + index).getBytes());
            entries.add("  \"message set " + name + "\": \"" + hex(builder.build().buffer()) + "\"");
        }
    }

    /** As the cleaner of an old broker leaves it: relative offsets with a hole, null key, null value. */
    static void legacyCompacted() {
        ByteBuffer buffer = ByteBuffer.allocate(1000);
        try (MemoryRecordsBuilder builder = MemoryRecords.builder(buffer, (byte) 1, Compression.gzip().build(), TimestampType.CREATE_TIME, 5_000_000_000L)) {
            builder.appendWithOffset(5_000_000_000L, 1690000000000L, "k0".getBytes(), null);
            builder.appendWithOffset(5_000_000_003L, 1690000000003L, null, "v3".getBytes());
            entries.add("  \"message set magic 1 compacted\": \"" + hex(builder.build().buffer()) + "\"");
        }
    }

    public static void main(String[] arguments) {
        for (int version : new int[] { 11, 12, 13, 14, 15, 16, 17 }) {
            message("FetchRequest", fetchRequest(version), version);
            message("FetchResponse", fetchResponse(version), version);
        }
        for (int version : new int[] { 8, 9, 10, 11 }) {
            message("ProduceRequest", produceRequest(version), version);
            message("ProduceResponse", produceResponse(version), version);
        }
        pair("none", Compression.NONE);
        pair("gzip", Compression.gzip().build());
        pair("snappy", Compression.snappy().build());
        pair("lz4", Compression.lz4().build());
        pair("zstd", Compression.zstd().build());
        entries.add("  \"append time batch\": \"" + hex(batch(Compression.NONE, 9, 1, 1, (short) 0, 0, false, TimestampType.LOG_APPEND_TIME, 2, 3).buffer()) + "\"");
        entries.add("  \"abort marker\": \"" + hex(MemoryRecords.withEndTransactionMarker(42, 1700000000000L, 3, 4_000_000_000L, (short) 7,
            new EndTransactionMarker(ControlRecordType.ABORT, 5)).buffer()) + "\"");
        entries.add("  \"commit marker\": \"" + hex(MemoryRecords.withEndTransactionMarker(43, 1700000000000L, 3, 4_000_000_000L, (short) 7,
            new EndTransactionMarker(ControlRecordType.COMMIT, 5)).buffer()) + "\"");
        ByteBuffer empty = ByteBuffer.allocate(61);
        DefaultRecordBatch.writeEmptyHeader(empty, (byte) 2, 4_000_000_000L, (short) 7, 10, 50, 59, 3, TimestampType.CREATE_TIME, 1700000000000L, true, false);
        empty.flip();
        entries.add("  \"emptied batch\": \"" + hex(empty) + "\"");
        legacy("magic 0 plain", (byte) 0, Compression.NONE);
        legacy("magic 1 plain", (byte) 1, Compression.NONE);
        legacy("magic 0 gzip", (byte) 0, Compression.gzip().build());
        legacy("magic 1 gzip", (byte) 1, Compression.gzip().build());
        for (byte magic = 0; magic < 2; magic++) {
            legacy("magic " + magic + " snappy", magic, Compression.snappy().build());
            legacy("magic " + magic + " lz4", magic, Compression.lz4().build());
        }
        legacy("magic 1 plain append time", (byte) 1, Compression.NONE, TimestampType.LOG_APPEND_TIME);
        legacy("magic 1 lz4 append time", (byte) 1, Compression.lz4().build(), TimestampType.LOG_APPEND_TIME);
        legacyCompacted();
        System.out.println("{\n" + String.join(",\n", entries) + "\n}");
    }
}
