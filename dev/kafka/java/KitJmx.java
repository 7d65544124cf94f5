import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.tools.attach.VirtualMachine;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Reads the metrics of another JVM on this machine: a broker's conversion counters, say. */
final class KitJmx {
    private KitJmx() {}

    /** {pid, pattern}: answers {name: {attribute: value}} for the numeric attributes of all that match. */
    static JsonNode read(JsonNode request, KitServer.Call call) throws Exception {
        VirtualMachine machine = VirtualMachine.attach(request.path("pid").asText());
        ObjectNode result = KitServer.JSON.createObjectNode();
        try (JMXConnector connector = JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()))) {
            MBeanServerConnection beans = connector.getMBeanServerConnection();
            for (ObjectName name : beans.queryNames(new ObjectName(request.path("pattern").asText()), null)) {
                ObjectNode values = result.putObject(name.getCanonicalName());
                for (MBeanAttributeInfo attribute : beans.getMBeanInfo(name).getAttributes()) {
                    Object value = beans.getAttribute(name, attribute.getName());
                    if (value instanceof Number number) values.put(attribute.getName(), number.doubleValue());
                }
            }
        } finally {
            machine.detach();
        }
        return result;
    }
}
