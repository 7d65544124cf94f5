import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.connect.json.JsonConverter;

/**
 * Kafka Connect's own bytes of source offsets: for each [alias, partition, topic, offset, partitionCount] of a JSON array on
 * standard input, one line "partition key-hex value-hex". The maps are made as MirrorUtils does (its class is not public), the bytes by the
 * converter that ConnectorOffsetBackingStore uses.
 */
class SourceOffsetOracle {
    public static void main(String[] args) throws Exception {
        JsonConverter converter = new JsonConverter();
        converter.configure(Map.of("schemas.enable", "false"), true);
        for (JsonNode input : new ObjectMapper().readTree(System.in)) {
            Map<String, Object> partition = new HashMap<>();
            partition.put("topic", input.get(2).asText());
            partition.put("partition", input.get(1).asInt());
            partition.put("cluster", input.get(0).asText());
            Map<String, Object> offset = new HashMap<>();
            offset.put("offset", input.get(3).asLong());
            byte[] key = converter.fromConnectData("n", null, List.of("MirrorSourceConnector", partition));
            byte[] value = converter.fromConnectData("n", null, offset);
            System.out.println(BuiltInPartitioner.partitionForKey(key, input.get(4).asInt()) + " " + hex(key) + " " + hex(value));
        }
    }

    private static String hex(byte[] bytes) {
        return java.util.HexFormat.of().formatHex(bytes);
    }
}
