import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** Arranges a cluster with Kafka's own Admin. Each command takes {client} besides what its comment says. */
final class KitAdmin {
    private static final long TIMEOUT_SECONDS = 60;

    private interface Work<Result> {
        Result with(Admin admin) throws Exception;
    }

    private KitAdmin() {}

    /** {topics: [{name, partitions, replicationFactor, configs, assignments: {partition: [broker]}}]} */
    static JsonNode createTopics(JsonNode request, KitServer.Call call) throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        for (JsonNode each : request.path("topics")) topics.add(newTopic(each).configs(strings(each.path("configs"))));
        return with(request, admin -> done(admin.createTopics(topics).all()));
    }

    /** {topics: [name]} */
    static JsonNode deleteTopics(JsonNode request, KitServer.Call call) throws Exception {
        return with(request, admin -> done(admin.deleteTopics(names(request.path("topics"))).all()));
    }

    /** Answers {topics: [name]}, internal ones included. */
    static JsonNode listTopics(JsonNode request, KitServer.Call call) throws Exception {
        return with(request, admin -> {
            ObjectNode result = KitServer.JSON.createObjectNode();
            ArrayNode topics = result.putArray("topics");
            var options = new org.apache.kafka.clients.admin.ListTopicsOptions().listInternal(true);
            get(admin.listTopics(options).names()).stream().sorted().forEach(topics::add);
            return result;
        });
    }

    /** {topic}: answers {topicId, partitions: [{partition, leader, replicas, isr}]}. */
    static JsonNode describeTopic(JsonNode request, KitServer.Call call) throws Exception {
        String topic = request.path("topic").asText();
        return with(request, admin -> {
            TopicDescription description = get(admin.describeTopics(Set.of(topic)).allTopicNames()).get(topic);
            ObjectNode result = KitServer.JSON.createObjectNode().put("topicId", description.topicId().toString());
            ArrayNode partitions = result.putArray("partitions");
            for (TopicPartitionInfo each : description.partitions()) {
                ObjectNode entry = partitions.addObject().put("partition", each.partition());
                entry.put("leader", each.leader() == null ? -1 : each.leader().id());
                addIds(entry.putArray("replicas"), each.replicas());
                addIds(entry.putArray("isr"), each.isr());
            }
            return result;
        });
    }

    /** {topic, count}: count is the new total. */
    static JsonNode createPartitions(JsonNode request, KitServer.Call call) throws Exception {
        NewPartitions wanted = NewPartitions.increaseTo(request.path("count").asInt());
        return with(request, admin -> done(admin.createPartitions(Map.of(request.path("topic").asText(), wanted)).all()));
    }

    /** {topic, before: {partition: offset}} */
    static JsonNode deleteRecords(JsonNode request, KitServer.Call call) throws Exception {
        Map<TopicPartition, RecordsToDelete> wanted = new HashMap<>();
        byPartition(request, "before").forEach((partition, offset) ->
            wanted.put(partition, RecordsToDelete.beforeOffset(offset.asLong())));
        return with(request, admin -> done(admin.deleteRecords(wanted).all()));
    }

    /** {type: TOPIC | BROKER, name, configs: {name: value or null to unset}}; broker name "" is the cluster-wide default. */
    static JsonNode alterConfigs(JsonNode request, KitServer.Call call) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        request.path("configs").fields().forEachRemaining(each -> changes.add(new AlterConfigOp(
            new ConfigEntry(each.getKey(), each.getValue().isNull() ? null : each.getValue().asText()),
            each.getValue().isNull() ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET)));
        return with(request, admin -> done(admin.incrementalAlterConfigs(Map.of(resource(request), changes)).all()));
    }

    /** {type, name}: answers {name: value} of everything that is set, defaults left out. */
    static JsonNode describeConfigs(JsonNode request, KitServer.Call call) throws Exception {
        return with(request, admin -> {
            ObjectNode result = KitServer.JSON.createObjectNode();
            ConfigResource resource = resource(request);
            get(admin.describeConfigs(Set.of(resource)).all()).get(resource).entries().stream()
                .filter(each -> !each.isDefault())
                .forEach(each -> result.put(each.name(), each.value()));
            return result;
        });
    }

    /** {topic, partitions, isolation}: answers {partition: {earliest, latest}}. */
    static JsonNode listOffsets(JsonNode request, KitServer.Call call) throws Exception {
        boolean isCommitted = request.path("isolation").asText().equals("read_committed");
        IsolationLevel isolation = isCommitted ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED;
        String topic = request.path("topic").asText();
        return with(request, admin -> {
            Map<TopicPartition, OffsetSpec> earliest = new HashMap<>();
            Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
            for (TopicPartitionInfo each : get(admin.describeTopics(Set.of(topic)).allTopicNames()).get(topic).partitions()) {
                earliest.put(new TopicPartition(topic, each.partition()), OffsetSpec.earliest());
                latest.put(new TopicPartition(topic, each.partition()), OffsetSpec.latest());
            }
            var starts = get(admin.listOffsets(earliest, new ListOffsetsOptions(isolation)).all());
            var ends = get(admin.listOffsets(latest, new ListOffsetsOptions(isolation)).all());
            ObjectNode result = KitServer.JSON.createObjectNode();
            new TreeMap<>(byNumber(starts.keySet())).forEach((number, partition) -> result.putObject(String.valueOf(number))
                .put("earliest", starts.get(partition).offset())
                .put("latest", ends.get(partition).offset()));
            return result;
        });
    }

    /** {topic, replicas: {partition: [broker]}}: only asked for; see describeTopic for when it is done. */
    static JsonNode moveReplicas(JsonNode request, KitServer.Call call) throws Exception {
        Map<TopicPartition, Optional<NewPartitionReassignment>> wanted = new HashMap<>();
        byPartition(request, "replicas").forEach((partition, brokers) ->
            wanted.put(partition, Optional.of(new NewPartitionReassignment(numbers(brokers)))));
        return with(request, admin -> done(admin.alterPartitionReassignments(wanted).all()));
    }

    /** {topic, partitions, isUnclean} */
    static JsonNode electLeaders(JsonNode request, KitServer.Call call) throws Exception {
        Set<TopicPartition> partitions = new java.util.HashSet<>();
        for (int each : numbers(request.path("partitions"))) {
            partitions.add(new TopicPartition(request.path("topic").asText(), each));
        }
        ElectionType type = request.path("isUnclean").asBoolean() ? ElectionType.UNCLEAN : ElectionType.PREFERRED;
        return with(request, admin -> done(admin.electLeaders(type, partitions).all()));
    }

    /** {quotas: {name: bytes a second, or null to unset}} for every client.id that has none of its own. */
    static JsonNode alterQuotas(JsonNode request, KitServer.Call call) throws Exception {
        Map<String, String> everybody = new HashMap<>();
        everybody.put(ClientQuotaEntity.CLIENT_ID, null);
        List<ClientQuotaAlteration.Op> changes = new ArrayList<>();
        request.path("quotas").fields().forEachRemaining(each -> changes.add(
            new ClientQuotaAlteration.Op(each.getKey(), each.getValue().isNull() ? null : each.getValue().asDouble())));
        ClientQuotaAlteration wanted = new ClientQuotaAlteration(new ClientQuotaEntity(everybody), changes);
        return with(request, admin -> done(admin.alterClientQuotas(List.of(wanted)).all()));
    }

    /** {rules: [{resourceType, name, patternType, principal, host, operation, permission}]} */
    static JsonNode createAcls(JsonNode request, KitServer.Call call) throws Exception {
        List<AclBinding> rules = bindings(request);
        return with(request, admin -> done(admin.createAcls(rules).all()));
    }

    /** {rules} as in createAcls */
    static JsonNode deleteAcls(JsonNode request, KitServer.Call call) throws Exception {
        var filters = bindings(request).stream().map(AclBinding::toFilter).toList();
        return with(request, admin -> done(admin.deleteAcls(filters).all()));
    }

    /** {group, topic, offsets: {partition: offset}}; the group must have no members. */
    static JsonNode commitGroupOffsets(JsonNode request, KitServer.Call call) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        byPartition(request, "offsets").forEach((partition, offset) ->
            offsets.put(partition, new OffsetAndMetadata(offset.asLong())));
        String group = request.path("group").asText();
        return with(request, admin -> done(admin.alterConsumerGroupOffsets(group, offsets).all()));
    }

    /** {group}: answers {topic: {partition: offset}}. */
    static JsonNode listGroupOffsets(JsonNode request, KitServer.Call call) throws Exception {
        return with(request, admin -> {
            ObjectNode result = KitServer.JSON.createObjectNode();
            get(admin.listConsumerGroupOffsets(request.path("group").asText()).partitionsToOffsetAndMetadata())
                .forEach((partition, offset) -> result.withObjectProperty(partition.topic())
                    .put(String.valueOf(partition.partition()), offset == null ? -1 : offset.offset()));
            return result;
        });
    }

    private static <Result> Result with(JsonNode request, Work<Result> work) throws Exception {
        try (Admin admin = Admin.create(KitServer.properties(request.path("client")))) {
            return work.with(admin);
        }
    }

    private static <Value> Value get(KafkaFuture<Value> future) throws Exception {
        return future.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }

    private static ObjectNode done(KafkaFuture<?> future) throws Exception {
        get(future);
        return KitServer.JSON.createObjectNode();
    }

    private static NewTopic newTopic(JsonNode node) {
        String name = node.path("name").asText();
        if (!node.has("assignments")) {
            Optional<Short> replicas =
                node.has("replicationFactor") ? Optional.of((short) node.path("replicationFactor").asInt()) : Optional.empty();
            return new NewTopic(name, Optional.of(node.path("partitions").asInt(1)), replicas);
        }
        Map<Integer, List<Integer>> assignments = new HashMap<>();
        node.path("assignments").fields().forEachRemaining(each ->
            assignments.put(Integer.valueOf(each.getKey()), numbers(each.getValue())));
        return new NewTopic(name, assignments);
    }

    private static List<AclBinding> bindings(JsonNode request) {
        List<AclBinding> bindings = new ArrayList<>();
        for (JsonNode each : request.path("rules")) {
            ResourcePattern pattern = new ResourcePattern(
                ResourceType.fromString(each.path("resourceType").asText("TOPIC")),
                each.path("name").asText(),
                PatternType.fromString(each.path("patternType").asText("LITERAL")));
            bindings.add(new AclBinding(pattern, new AccessControlEntry(
                each.path("principal").asText("User:ANONYMOUS"),
                each.path("host").asText("*"),
                AclOperation.fromString(each.path("operation").asText()),
                AclPermissionType.fromString(each.path("permission").asText("ALLOW")))));
        }
        return bindings;
    }

    private static ConfigResource resource(JsonNode request) {
        ConfigResource.Type type = ConfigResource.Type.valueOf(request.path("type").asText("TOPIC"));
        return new ConfigResource(type, request.path("name").asText());
    }

    private static Map<TopicPartition, JsonNode> byPartition(JsonNode request, String field) {
        Map<TopicPartition, JsonNode> result = new HashMap<>();
        String topic = request.path("topic").asText();
        request.path(field).fields().forEachRemaining(each ->
            result.put(new TopicPartition(topic, Integer.parseInt(each.getKey())), each.getValue()));
        return result;
    }

    private static Map<Integer, TopicPartition> byNumber(Set<TopicPartition> partitions) {
        Map<Integer, TopicPartition> result = new HashMap<>();
        partitions.forEach(each -> result.put(each.partition(), each));
        return result;
    }

    private static List<String> names(JsonNode node) {
        List<String> names = new ArrayList<>();
        node.forEach(each -> names.add(each.asText()));
        return names;
    }

    private static List<Integer> numbers(JsonNode node) {
        List<Integer> numbers = new ArrayList<>();
        node.forEach(each -> numbers.add(each.asInt()));
        return numbers;
    }

    private static Map<String, String> strings(JsonNode node) {
        Map<String, String> strings = new HashMap<>();
        node.fields().forEachRemaining(each -> strings.put(each.getKey(), each.getValue().asText()));
        return strings;
    }

    private static void addIds(ArrayNode array, List<Node> nodes) {
        nodes.forEach(each -> array.add(each.id()));
    }
}
