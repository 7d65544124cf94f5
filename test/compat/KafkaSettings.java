import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.mirror.MirrorClientConfig;
import org.apache.kafka.connect.runtime.SourceConnectorConfig;
import org.apache.kafka.connect.runtime.TopicCreationConfig;
import org.apache.kafka.connect.runtime.distributed.DistributedConfig;

/** Prints every setting that MirrorMaker 2 and its clients declare, by who declares it: type, default, what is allowed (src/config/fixtures/kafka-settings.json). */
public class KafkaSettings {
  private static final String MIRROR = "org.apache.kafka.connect.mirror.";

  public static void main(String[] arguments) throws Exception {
    Map<String, Object> all = new LinkedHashMap<>();
    Method driver = Class.forName(MIRROR + "MirrorMakerConfig").getDeclaredMethod("config");
    driver.setAccessible(true);
    all.put("driver", settings((ConfigDef) driver.invoke(null)));
    all.put("client", settings((ConfigDef) staticField(MirrorClientConfig.class, "CLIENT_CONFIG_DEF")));
    all.put("consumer", settings(ConsumerConfig.configDef()));
    all.put("producer", settings(ProducerConfig.configDef()));
    all.put("admin", settings(AdminClientConfig.configDef()));
    all.put("worker", settings(worker()));
    for (String name : new String[] {"Source", "Checkpoint", "Heartbeat"}) {
      Class<?> config = Class.forName(MIRROR + "Mirror" + name + "Config");
      all.put(name.toLowerCase() + ".connector", settings((ConfigDef) staticField(config, "CONNECTOR_CONFIG_DEF")));
    }
    all.put("framework", settings(SourceConnectorConfig.configDef()));
    all.put("topic.creation", settings(TopicCreationConfig.defaultGroupConfigDef()));
    for (String name : new String[] {"DefaultTopicFilter$TopicFilterConfig", "DefaultGroupFilter$GroupFilterConfig", "DefaultConfigPropertyFilter$ConfigPropertyFilterConfig"})
      all.put(name.substring(0, name.indexOf('$')), settings((ConfigDef) staticField(Class.forName(MIRROR + name), "DEF")));
    System.out.println(new ObjectMapper().writeValueAsString(all));
  }

  private static ConfigDef worker() throws Exception {
    Map<String, String> required = new HashMap<>();
    for (String key : new String[] {"bootstrap.servers", "group.id", "offset.storage.topic", "config.storage.topic", "status.storage.topic", "key.converter", "value.converter"})
      required.put(key, key.endsWith("converter") ? "org.apache.kafka.connect.converters.ByteArrayConverter" : key.startsWith("b") ? "a:1" : key);
    Field definition = AbstractConfig.class.getDeclaredField("definition");
    definition.setAccessible(true);
    return (ConfigDef) definition.get(new DistributedConfig(required));
  }

  private static Object staticField(Class<?> type, String name) throws Exception {
    Field field = type.getDeclaredField(name);
    field.setAccessible(true);
    return field.get(null);
  }

  private static Map<String, Object> settings(ConfigDef definitions) {
    Map<String, Object> found = new TreeMap<>();
    for (ConfigDef.ConfigKey key : definitions.configKeys().values()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("type", key.type.name());
      one.put("default", key.hasDefault() ? ConfigDef.convertToString(key.defaultValue, key.type) : null);
      if (key.validator != null && !key.validator.toString().contains("@")) one.put("allowed", key.validator.toString());
      found.put(key.name, one);
    }
    return found;
  }
}
