import java.io.FileInputStream;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.connect.mirror.MirrorClientConfig;
import org.apache.kafka.connect.mirror.MirrorMakerConfig;
import org.apache.kafka.connect.mirror.SourceAndTarget;

/** Prints how the real MirrorMaker 2 sees a file: for the flow A->B, the settings of worker, connector and clients, and the names it knows. */
public class SettingsOracle {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    try (FileInputStream file = new FileInputStream(arguments[0])) {
      properties.load(file);
    }
    Map<String, String> raw = new HashMap<>();
    for (String key : properties.stringPropertyNames()) raw.put(key, properties.getProperty(key));
    MirrorMakerConfig config = new MirrorMakerConfig(raw);
    SourceAndTarget flow = new SourceAndTarget("A", "B");
    Class<?> connector = Class.forName("org.apache.kafka.connect.mirror.MirrorSourceConnector");
    Map<String, String> base = config.connectorBaseConfig(flow, connector);
    print("worker", config.workerConfig(flow));
    print("connector", base);
    Object source = create("MirrorSourceConfig", base);
    print("source.consumer", call(source, "sourceConsumerConfig"));
    print("source.admin", call(source, "sourceAdminConfig"));
    print("target.admin", call(source, "targetAdminConfig"));
    Method names = MirrorMakerConfig.class.getDeclaredMethod("allConfigNames");
    names.setAccessible(true);
    printNames("connector", (Iterable<?>) names.invoke(config));
    printNames("client", new TreeSet<>(MirrorClientConfigNames.names()));
    printNames("consumer", ConsumerConfig.configNames());
    printNames("producer", ProducerConfig.configNames());
    printNames("admin", AdminClientConfig.configNames());
  }

  private static final class MirrorClientConfigNames {
    static java.util.Set<String> names() throws Exception {
      java.lang.reflect.Field field = MirrorClientConfig.class.getDeclaredField("CLIENT_CONFIG_DEF");
      field.setAccessible(true);
      return ((org.apache.kafka.common.config.ConfigDef) field.get(null)).names();
    }
  }

  private static Object create(String name, Map<String, String> settings) throws Exception {
    var constructor = Class.forName("org.apache.kafka.connect.mirror." + name).getDeclaredConstructor(Map.class);
    constructor.setAccessible(true);
    return constructor.newInstance(settings);
  }

  private static Map<?, ?> call(Object config, String name) throws Exception {
    Method method = config.getClass().getSuperclass().getDeclaredMethod(name, String.class);
    method.setAccessible(true);
    return (Map<?, ?>) method.invoke(config, "role");
  }

  private static void print(String view, Map<?, ?> settings) {
    for (Map.Entry<?, ?> entry : new TreeMap<>(settings).entrySet()) System.out.println("view\t" + view + "\t" + entry.getKey() + "\t" + entry.getValue());
  }

  private static void printNames(String kind, Iterable<?> names) {
    for (Object name : names) System.out.println("name\t" + kind + "\t" + name);
  }
}
