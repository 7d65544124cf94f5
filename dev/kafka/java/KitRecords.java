import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.CloseableIterator;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;

/**
 * Record batches by the thousand, written and judged by Kafka's own classes, without a broker. Files, big endian:
 *
 *   batches   int32 cases; each: int32 size and the batches as they lie in a log
 *   records   int32 cases; each: int32 -1 and what is wrong (int32 size, UTF-8), or int32 batches; each: int64 base offset,
 *             int64 last offset, int8 magic, codec, timestamp type, control, int64 max timestamp, int32 records; each:
 *             int64 offset, int64 timestamp, key, value, int32 headers; each: key, value.
 *             Keys and values: int32 size (-1: null) and bytes
 */
final class KitRecords {
    private static final LogValidator.MetricsRecorder NOBODY = new LogValidator.MetricsRecorder() {
        @Override
        public void recordInvalidMagic() {}

        @Override
        public void recordInvalidOffset() {}

        @Override
        public void recordInvalidSequence() {}

        @Override
        public void recordInvalidChecksums() {}

        @Override
        public void recordNoKeyCompactedTopic() {}
    };

    private KitRecords() {}

    /** {seed, count, batches, records}: writes a batches file of random cases of every format, and what is in them. */
    static JsonNode seedRecords(JsonNode request, KitServer.Call call) throws IOException {
        Random random = new Random(request.path("seed").asLong());
        int count = request.path("count").asInt();
        try (DataOutputStream batches = output(request.path("batches").asText());
             DataOutputStream records = output(request.path("records").asText())) {
            batches.writeInt(count);
            records.writeInt(count);
            for (int index = 0; index < count; index++) {
                byte[] bytes = new SeededLog(random).write();
                batches.writeInt(bytes.length);
                batches.write(bytes);
                describe(MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)), records);
            }
        }
        return KitServer.JSON.createObjectNode().put("count", count);
    }

    /**
     * {batches, records, isCompacted}: reads a batches file. The batches of a case are given, one by one, to what a broker
     * does with a batch that was produced to it; it has to take them as they are, and gives them their offsets, from 0 on.
     */
    static JsonNode readRecords(JsonNode request, KitServer.Call call) throws IOException {
        try (DataInputStream batches = new DataInputStream(new BufferedInputStream(new FileInputStream(request.path("batches").asText())));
             DataOutputStream records = output(request.path("records").asText())) {
            int count = batches.readInt();
            records.writeInt(count);
            for (int index = 0; index < count; index++) {
                byte[] bytes = batches.readNBytes(batches.readInt());
                try {
                    MemoryRecords taken = take(bytes, request.path("isCompacted").asBoolean());
                    java.io.ByteArrayOutputStream described = new java.io.ByteArrayOutputStream();
                    describe(taken, new DataOutputStream(described));
                    records.write(described.toByteArray());
                } catch (RuntimeException error) {
                    records.writeInt(-1);
                    writeBytes(records, KitServer.describe(error).getBytes(StandardCharsets.UTF_8));
                }
            }
            return KitServer.JSON.createObjectNode().put("count", count);
        }
    }

    private static MemoryRecords take(byte[] bytes, boolean isCompacted) {
        PrimitiveRef.LongRef offset = PrimitiveRef.ofLong(0);
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
            ByteBuffer only = ByteBuffer.allocate(batch.sizeInBytes());
            batch.writeTo(only);
            only.flip();
            if (batch.baseOffset() != 0) throw new IllegalStateException("its base offset is " + batch.baseOffset());
            CompressionType type = batch.compressionType();
            LogValidator validator = new LogValidator(MemoryRecords.readableRecords(only), new TopicPartition("t", 0), Time.SYSTEM, type,
                Compression.of(type).build(), isCompacted, RecordBatch.MAGIC_VALUE_V2, TimestampType.CREATE_TIME, Long.MAX_VALUE, Long.MAX_VALUE,
                3, AppendOrigin.CLIENT);
            long before = offset.value;
            LogValidator.ValidationResult result = validator.validateMessagesAndAssignOffsets(offset, NOBODY, BufferSupplier.NO_CACHING);
            if (result.messageSizeMaybeChanged() || result.recordValidationStats().numRecordsConverted() > 0) {
                throw new IllegalStateException("the broker puts the batch at " + before + " together anew");
            }
            // What it took is what it was given, with offsets; that is what readers get.
            batch.setLastOffset(offset.value - 1);
            if (batch.baseOffset() != before) throw new IllegalStateException("it has " + (offset.value - batch.baseOffset()) + " offsets");
        }
        return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
    }

    private static void describe(MemoryRecords log, DataOutputStream out) throws IOException {
        List<RecordBatch> batches = new ArrayList<>();
        log.batches().forEach(batches::add);
        int size = batches.stream().mapToInt(RecordBatch::sizeInBytes).sum();
        if (size != log.sizeInBytes()) throw new IllegalStateException(log.sizeInBytes() - size + " bytes are left");
        out.writeInt(batches.size());
        for (RecordBatch batch : batches) {
            batch.ensureValid();
            List<Record> records = new ArrayList<>();
            try (CloseableIterator<Record> iterator = batch.streamingIterator(BufferSupplier.NO_CACHING)) {
                iterator.forEachRemaining(records::add);
            }
            out.writeLong(records.isEmpty() || batch.magic() < 2 ? batch.lastOffset() : batch.baseOffset());
            out.writeLong(batch.lastOffset());
            out.writeByte(batch.magic());
            out.writeByte(batch.compressionType().id);
            out.writeByte(batch.timestampType().id);
            out.writeByte(batch.isControlBatch() ? 1 : 0);
            out.writeLong(batch.maxTimestamp());
            out.writeInt(records.size());
            for (Record record : records) {
                record.ensureValid();
                out.writeLong(record.offset());
                out.writeLong(record.timestamp());
                writeBytes(out, bytesOf(record.key()));
                writeBytes(out, bytesOf(record.value()));
                out.writeInt(record.headers().length);
                for (Header header : record.headers()) {
                    writeBytes(out, header.key().getBytes(StandardCharsets.UTF_8));
                    writeBytes(out, header.value());
                }
            }
        }
    }

    private static byte[] bytesOf(ByteBuffer buffer) {
        if (buffer == null) return null;
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes == null ? -1 : bytes.length);
        if (bytes != null) out.write(bytes);
    }

    private static DataOutputStream output(String path) throws IOException {
        return new DataOutputStream(new BufferedOutputStream(new FileOutputStream(new File(path)), 1 << 16));
    }

    /** A stretch of a partition's log: any format and codec, some of it compacted as the cleaner does it. */
    private static final class SeededLog {
        private final Random random;
        private long offset;

        SeededLog(Random random) {
            this.random = random;
            this.offset = pick(0L, 7L, 5_000_000_000L);
        }

        byte[] write() {
            ByteBuffer log = ByteBuffer.allocate(1 << 22);
            int count = 1 + random.nextInt(6);
            // Some stretches have only small neighbours of one kind, which can be put together.
            Compression ofAll = random.nextInt(3) == 0 ? compression(2) : null;
            for (int index = 0; index < count; index++) {
                if (ofAll == null && random.nextInt(12) == 0) log.put(marker());
                else log.put(random.nextInt(3) == 0 ? compacted(batch(ofAll)) : batch(ofAll).buffer());
            }
            log.flip();
            return bytesOf(log);
        }

        private ByteBuffer marker() {
            return MemoryRecords.withEndTransactionMarker(offset++, 1700000000000L, 3, 4_000_000_000L, (short) 7,
                new EndTransactionMarker(random.nextBoolean() ? ControlRecordType.ABORT : ControlRecordType.COMMIT, 5)).buffer();
        }

        private MemoryRecords batch(Compression given) {
            byte magic = given != null ? 2 : pick((byte) 2, (byte) 2, (byte) 2, (byte) 1, (byte) 0);
            Compression compression = given != null ? given : compression(magic);
            TimestampType type = magic == 0 ? TimestampType.NO_TIMESTAMP_TYPE
                : given == null && random.nextInt(4) == 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
            boolean isTransactional = magic == 2 && given == null && random.nextInt(4) == 0;
            boolean isIdempotent = isTransactional || magic == 2 && random.nextBoolean();
            long producerId = isIdempotent ? pick(4_000_000_000L, 12L) : RecordBatch.NO_PRODUCER_ID;
            ByteBuffer buffer = ByteBuffer.allocate(1 << 12);
            try (MemoryRecordsBuilder builder = new MemoryRecordsBuilder(buffer, magic, compression, type, offset, 1_690_000_000_000L + random.nextInt(1000),
                producerId, isIdempotent ? (short) 3 : RecordBatch.NO_PRODUCER_EPOCH, isIdempotent ? random.nextInt(1000) : RecordBatch.NO_SEQUENCE,
                isTransactional, false, random.nextInt(5), buffer.capacity())) {
                int count = random.nextInt(3) == 0 ? 1 : random.nextInt(20) == 0 ? 400 : 1 + random.nextInt(12);
                for (int index = 0; index < count; index++, offset++) {
                    builder.appendWithOffset(offset, timestamp(magic), bytes(12, 5), bytes(random.nextInt(40) == 0 ? 9000 : 60, 8), headers(magic));
                }
                return builder.build();
            }
        }

        private Compression compression(int magic) {
            return switch (random.nextInt(magic == 2 ? 5 : 4)) {
                case 0 -> Compression.NONE;
                case 1 -> Compression.gzip().build();
                case 2 -> Compression.snappy().build();
                case 3 -> Compression.lz4().build();
                default -> Compression.zstd().build();
            };
        }

        private long timestamp(int magic) {
            if (magic == 0) return RecordBatch.NO_TIMESTAMP;
            return switch (random.nextInt(8)) {
                case 0 -> RecordBatch.NO_TIMESTAMP;
                case 1 -> 0L;
                case 2 -> 1_700_000_000_123_456_789L;
                case 3 -> Long.MAX_VALUE - random.nextInt(5);
                default -> 1_690_000_000_000L + random.nextInt(100_000);
            };
        }

        private byte[] bytes(int most, int nullOnceIn) {
            if (random.nextInt(nullOnceIn) == 0) return null;
            byte[] bytes = new byte[random.nextInt(most)];
            if (random.nextBoolean()) random.nextBytes(bytes);
            return bytes;
        }

        private Header[] headers(int magic) {
            if (magic < 2 || random.nextInt(3) > 0) return new Header[0];
            Header[] headers = new Header[1 + random.nextInt(3)];
            for (int index = 0; index < headers.length; index++) headers[index] = new RecordHeader("h\u00e4\u20ac".substring(random.nextInt(3)), bytes(200, 4));
            return headers;
        }

        private ByteBuffer compacted(MemoryRecords records) {
            long seed = random.nextLong();
            MemoryRecords.RecordFilter filter = new MemoryRecords.RecordFilter(1_800_000_000_000L, 86_400_000L) {
                @Override
                protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
                    return new BatchRetentionResult(batch.magic() < 2 ? BatchRetention.DELETE_EMPTY : BatchRetention.RETAIN_EMPTY, false);
                }

                @Override
                protected boolean shouldRetainRecord(RecordBatch batch, Record record) {
                    return new Random(seed + record.offset()).nextInt(3) > 0;
                }
            };
            return records.filterTo(filter, ByteBuffer.allocate(records.sizeInBytes() + 1024), BufferSupplier.NO_CACHING).outputBuffer().flip();
        }

        @SafeVarargs
        private <T> T pick(T... values) {
            return values[random.nextInt(values.length)];
        }
    }
}
