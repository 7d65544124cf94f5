import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileInputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy;
import org.apache.kafka.connect.mirror.MirrorMakerConfig;
import org.apache.kafka.connect.mirror.SourceAndTarget;
import org.apache.kafka.connect.runtime.ConnectorConfig;
import org.apache.kafka.connect.runtime.Worker;
import org.apache.kafka.connect.runtime.distributed.DistributedConfig;
import org.apache.kafka.connect.runtime.isolation.Plugins;

/**
 * Prints how the real MirrorMaker 2 sees each of the files that it is given, one JSON object a line: its flows, and for each of them the settings that worker, connector
 * and clients are given as they stand in the file (views), and what those clients make of them, defaults included (effective). What Kafka refuses stands in its place.
 */
public class SettingsOracle {
  private static final String MIRROR = "org.apache.kafka.connect.mirror.";

  /** Whatever logs to the screen is not to stand between the answers. */
  private static final PrintStream OUT = System.out;

  static {
    System.setOut(System.err);
  }

  /** Looking through the class path for plugins takes seconds each time; reading their manifests does not. */
  private static final Map<String, String> DISCOVERY = Map.of("plugin.discovery", "service_load");
  private static final Plugins PLUGINS = new Plugins(DISCOVERY);

  private interface Attempt {
    Object run() throws Exception;
  }

  public static void main(String[] files) throws Exception {
    ObjectMapper json = new ObjectMapper();
    for (String file : files) OUT.println(json.writeValueAsString(look(file)));
  }

  private static Map<String, Object> look(String file) throws Exception {
    Properties properties = new Properties();
    try (FileInputStream stream = new FileInputStream(file)) {
      properties.load(stream);
    }
    Map<String, String> raw = new HashMap<>();
    for (String key : properties.stringPropertyNames()) raw.put(key, properties.getProperty(key));
    raw.putAll(DISCOVERY);
    Map<String, Object> seen = new LinkedHashMap<>();
    seen.put("file", file);
    MirrorMakerConfig config;
    try {
      config = new MirrorMakerConfig(raw);
    } catch (RuntimeException error) {
      seen.put("refused", error.getMessage());
      return seen;
    }
    Map<String, Object> flows = new TreeMap<>();
    for (SourceAndTarget flow : config.clusterPairs()) flows.put(flow.toString(), lookAt(config, flow));
    seen.put("flows", flows);
    return seen;
  }

  private static Map<String, Object> lookAt(MirrorMakerConfig config, SourceAndTarget flow) throws Exception {
    Map<String, String> base = config.connectorBaseConfig(flow, Class.forName(MIRROR + "MirrorSourceConnector"));
    Map<String, Object> views = new TreeMap<>();
    views.put("connector", base);
    views.put("worker", attempt(() -> config.workerConfig(flow)));
    views.put("source.consumer", attempt(() -> client("MirrorSourceTaskConfig", task(base), "sourceConsumerConfig", "replication-consumer")));
    views.put("source.admin", attempt(() -> client("MirrorSourceConfig", base, "sourceAdminConfig", "replication-source-admin")));
    views.put("target.admin", attempt(() -> client("MirrorSourceConfig", base, "targetAdminConfig", "replication-target-admin")));
    Map<String, Object> effective = new TreeMap<>();
    Object resolved = attempt(() -> resolve(config, base));
    if (resolved instanceof Map) {
      @SuppressWarnings("unchecked") Map<String, String> connector = (Map<String, String>) resolved;
      effective.put("connector", values(() -> create("MirrorSourceConfig", connector)));
      effective.put("worker", values(() -> new DistributedConfig(config.workerConfig(flow))));
      effective.put("source.consumer", values(() -> consumer(client("MirrorSourceTaskConfig", task(connector), "sourceConsumerConfig", "replication-consumer"))));
      effective.put("source.admin", values(() -> new AdminClientConfig(client("MirrorSourceConfig", connector, "sourceAdminConfig", "replication-source-admin"))));
      effective.put("target.admin", values(() -> new AdminClientConfig(client("MirrorSourceConfig", connector, "targetAdminConfig", "replication-target-admin"))));
      effective.put("data.producer", values(() -> new ProducerConfig(dataProducer(config.workerConfig(flow), connector))));
    } else effective.put("refused", resolved);
    Map<String, Object> seen = new TreeMap<>();
    seen.put("views", views);
    seen.put("effective", effective);
    return seen;
  }

  private static Map<String, String> task(Map<String, String> connector) {
    Map<String, String> settings = new HashMap<>(connector);
    settings.put("task.index", "0");
    settings.put("task.assigned.partitions", "topic-0");
    return settings;
  }

  private static Object resolve(MirrorMakerConfig config, Map<String, String> settings) throws Exception {
    Method method = MirrorMakerConfig.class.getDeclaredMethod("transform", Map.class);
    method.setAccessible(true);
    return method.invoke(config, settings);
  }

  private static AbstractConfig create(String name, Map<String, String> settings) throws Exception {
    Constructor<?> constructor = Class.forName(MIRROR + name).getDeclaredConstructor(Map.class);
    constructor.setAccessible(true);
    return (AbstractConfig) constructor.newInstance(settings);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> client(String config, Map<String, String> settings, String name, String role) throws Exception {
    Method method = Class.forName(MIRROR + "MirrorConnectorConfig").getDeclaredMethod(name, String.class);
    method.setAccessible(true);
    return (Map<String, Object>) method.invoke(create(config, settings), role);
  }

  private static ConsumerConfig consumer(Map<String, Object> settings) {
    for (String key : new String[] {"key.deserializer", "value.deserializer"}) settings.put(key, "org.apache.kafka.common.serialization.ByteArrayDeserializer");
    return new ConsumerConfig(settings);
  }

  /** Worker.baseProducerConfigs: the producer that writes the copied records. */
  @SuppressWarnings("unchecked")
  private static Map<String, Object> dataProducer(Map<String, String> worker, Map<String, String> connector) throws Exception {
    Method method = Arrays.stream(Worker.class.getDeclaredMethods()).filter(each -> each.getName().equals("baseProducerConfigs")).findFirst().orElseThrow();
    method.setAccessible(true);
    ConnectorConfig config = new ConnectorConfig(PLUGINS, connector);
    Class<?> type = Class.forName(MIRROR + "MirrorSourceConnector");
    String clientId = "connector-producer-MirrorSourceConnector-0";
    return (Map<String, Object>) method.invoke(null, "MirrorSourceConnector", clientId, new DistributedConfig(worker), config, type, new AllConnectorClientConfigOverridePolicy(), "id");
  }

  private static Object values(Attempt attempt) {
    Object made = attempt(attempt);
    if (!(made instanceof AbstractConfig)) return made;
    Map<String, Object> shown = new TreeMap<>();
    ((AbstractConfig) made).values().forEach((key, value) -> shown.put(key, show(value)));
    return shown;
  }

  private static Object show(Object value) {
    if (value instanceof Password) return ((Password) value).value();
    if (value instanceof Class) return ((Class<?>) value).getName();
    return value;
  }

  /** @return what came of it, or the message with which Kafka refuses it */
  private static Object attempt(Attempt attempt) {
    try {
      return attempt.run();
    } catch (InvocationTargetException error) {
      return String.valueOf(error.getCause().getMessage());
    } catch (Exception error) {
      return String.valueOf(error.getMessage());
    }
  }
}
