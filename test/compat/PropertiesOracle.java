import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Properties;
import java.util.TreeSet;

/** Reads files in Base64, one a line, as java.util.Properties does, and prints what it makes of each: key and value in Base64 (UTF-16), in order, or E for an error. */
public class PropertiesOracle {
  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    StringBuilder out = new StringBuilder();
    for (String line; (line = in.readLine()) != null; out.append('\n')) {
      Properties properties = new Properties();
      try {
        properties.load(new ByteArrayInputStream(Base64.getDecoder().decode(line)));
      } catch (IllegalArgumentException error) {
        out.append('E');
        continue;
      }
      for (String key : new TreeSet<>(properties.stringPropertyNames()))
        out.append(encode(key)).append('=').append(encode(properties.getProperty(key))).append(' ');
    }
    System.out.print(out);
  }

  private static String encode(String text) {
    byte[] bytes = new byte[2 * text.length()];
    for (int at = 0; at < text.length(); at++) {
      bytes[2 * at] = (byte) text.charAt(at);
      bytes[2 * at + 1] = (byte) (text.charAt(at) >> 8);
    }
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
