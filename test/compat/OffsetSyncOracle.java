package org.apache.kafka.connect.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.StringJoiner;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * What MirrorMaker 2 makes of offset syncs. For each case of a JSON array on standard input one line: the offsets to which its own store translates each of
 * `groups`, having read the syncs. They are given ([key-hex, value-hex] each, in `syncs`), or are those that its own writer would send at once for records copied
 * one by one: `runs` of [upstream, downstream, count], with `lagMax`. It stands in the package of those classes, which are not public.
 */
public class OffsetSyncOracle {
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);

    public static void main(String[] args) throws Exception {
        for (JsonNode one : new ObjectMapper().readTree(System.in)) {
            Store store = new Store();
            store.start(false);
            if (one.has("syncs")) readAll(store, one.get("syncs"));
            else writeAll(store, one.get("runs"), one.get("lagMax").asLong());
            StringJoiner line = new StringJoiner(" ");
            for (JsonNode group : one.get("groups")) {
                line.add(String.valueOf(store.translateDownstream("g", PARTITION, group.asLong()).orElse(-2)));
            }
            System.out.println(line);
        }
    }

    private static void readAll(Store store, JsonNode syncs) {
        java.util.HexFormat hex = java.util.HexFormat.of();
        for (JsonNode sync : syncs) store.read(hex.parseHex(sync.get(0).asText()), hex.parseHex(sync.get(1).asText()));
    }

    private static void writeAll(Store store, JsonNode runs, long lagMax) {
        OffsetSyncWriter.PartitionState state = new OffsetSyncWriter.PartitionState(lagMax);
        for (JsonNode run : runs) {
            for (long index = 0; index < run.get(2).asLong(); index++) {
                OffsetSync sync = new OffsetSync(PARTITION, run.get(0).asLong() + index, run.get(1).asLong() + index);
                if (!state.update(sync.upstreamOffset(), sync.downstreamOffset())) continue;
                store.read(sync.recordKey(), sync.recordValue());
                state.reset();
            }
        }
    }

    private static class Store extends OffsetSyncStore {
        @Override
        void backingStoreStart() {
        }

        void read(byte[] key, byte[] value) {
            handleRecord(new ConsumerRecord<>("syncs", 0, 0, key, value));
        }
    }
}
