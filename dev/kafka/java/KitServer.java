import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Kafka's own Java clients behind JSON lines, so that tests pay for one JVM and not for one a question.
 *
 *   request   {"id": 1, "command": "dump", ...}          one a line on standard input
 *   answer    {"id": 1, "item": {...}}                    any number of them
 *             {"id": 1, "result": {...}} or {"id": 1, "error": "..."}    the last
 *   cancel    {"id": 2, "command": "cancel", "target": 1}
 *
 * Commands run side by side. The end of standard input ends the process.
 */
public final class KitServer {
    /** What a running command may do: send items, and look whether it was cancelled. */
    interface Call {
        void item(ObjectNode item);

        boolean isCancelled();

        /** Sends what was said so far; the end of a command does that by itself. */
        void flush();
    }

    interface Command {
        JsonNode run(JsonNode request, Call call) throws Exception;
    }

    static final ObjectMapper JSON = new ObjectMapper();

    private static final Map<String, Command> COMMANDS = Map.ofEntries(
        Map.entry("produce", KitProducer::produce),
        Map.entry("generate", KitProducer::generate),
        Map.entry("transact", KitTransactions::transact),
        Map.entry("sequences", KitSequences::sequences),
        Map.entry("lastKeys", KitSequences::lastKeys),
        Map.entry("watch", KitSequences::watch),
        Map.entry("dump", KitReader::dump),
        Map.entry("compare", KitReader::compare),
        Map.entry("reconcile", KitReconciler::reconcile),
        Map.entry("jmx", KitJmx::read),
        Map.entry("seedRecords", KitRecords::seedRecords),
        Map.entry("readRecords", KitRecords::readRecords),
        Map.entry("createTopics", KitAdmin::createTopics),
        Map.entry("deleteTopics", KitAdmin::deleteTopics),
        Map.entry("listTopics", KitAdmin::listTopics),
        Map.entry("describeTopic", KitAdmin::describeTopic),
        Map.entry("createPartitions", KitAdmin::createPartitions),
        Map.entry("deleteRecords", KitAdmin::deleteRecords),
        Map.entry("alterConfigs", KitAdmin::alterConfigs),
        Map.entry("describeConfigs", KitAdmin::describeConfigs),
        Map.entry("listOffsets", KitAdmin::listOffsets),
        Map.entry("moveReplicas", KitAdmin::moveReplicas),
        Map.entry("alterQuotas", KitAdmin::alterQuotas),
        Map.entry("electLeaders", KitAdmin::electLeaders),
        Map.entry("createAcls", KitAdmin::createAcls),
        Map.entry("deleteAcls", KitAdmin::deleteAcls),
        Map.entry("joinGroup", KitGroups::joinGroup),
        Map.entry("consumeGroup", KitGroups::consumeGroup),
        Map.entry("commitAsConsumer", KitGroups::commitAsConsumer),
        Map.entry("translateOffsets", KitGroups::translateOffsets),
        Map.entry("mirrorClient", KitGroups::mirrorClient),
        Map.entry("commitGroupOffsets", KitAdmin::commitGroupOffsets),
        Map.entry("listGroupOffsets", KitAdmin::listGroupOffsets));

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<Integer, AtomicBoolean> running = new ConcurrentHashMap<>();
    private final PrintWriter out =
        new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8), 1 << 16));

    public static void main(String[] args) throws Exception {
        new KitServer().serve();
    }

    /** Kafka client settings as they stand in the request. */
    static Properties properties(JsonNode client) {
        Properties properties = new Properties();
        client.fields().forEachRemaining(entry -> properties.put(entry.getKey(), entry.getValue().asText()));
        return properties;
    }

    private void serve() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 16);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode request = JSON.readTree(line);
            if (request.path("command").asText().equals("cancel")) cancel(request);
            else begin(request);
        }
        System.exit(0);
    }

    /** A cancel may be the next line, before the command's thread has begun: so it is known of here. */
    private void begin(JsonNode request) {
        AtomicBoolean isCancelled = new AtomicBoolean();
        running.put(request.path("id").asInt(), isCancelled);
        threads.execute(() -> handle(request, isCancelled));
    }

    private void cancel(JsonNode request) {
        AtomicBoolean flag = running.get(request.path("target").asInt());
        if (flag != null) flag.set(true);
    }

    private void handle(JsonNode request, AtomicBoolean isCancelled) {
        int id = request.path("id").asInt();
        String name = request.path("command").asText();
        ObjectNode answer = JSON.createObjectNode().put("id", id);
        try {
            Command command = COMMANDS.get(name);
            if (command == null) throw new IllegalArgumentException("There is no command " + name);
            answer.set("result", command.run(request, callOf(id, isCancelled)));
        } catch (Throwable error) {
            answer.put("error", describe(error));
        } finally {
            running.remove(id);
        }
        write(answer, true);
    }

    private Call callOf(int id, AtomicBoolean isCancelled) {
        return new Call() {
            @Override
            public void item(ObjectNode item) {
                write(JSON.createObjectNode().put("id", id).set("item", item), false);
            }

            @Override
            public boolean isCancelled() {
                return isCancelled.get();
            }

            @Override
            public void flush() {
                synchronized (out) {
                    out.flush();
                }
            }
        };
    }

    private void write(JsonNode node, boolean flush) {
        synchronized (out) {
            out.println(node);
            if (flush) out.flush();
        }
    }

    /** The error and its causes, in a line. */
    static String describe(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (text.length() > 0) text.append(" <- ");
            text.append(each.getClass().getSimpleName()).append(": ").append(each.getMessage());
        }
        return text.toString();
    }
}
