import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Reads lines of two base64 texts, a pattern and a name; answers 1, 0, or E where the pattern is refused, O where the stack ended, X where Java fails by itself. */
public class JavaRegexOracle {
  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    StringBuilder answers = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] parts = line.split(" ", -1);
      answers.append(answer(decode(parts[0]), decode(parts[1]))).append('\n');
    }
    System.out.print(answers);
  }

  private static String decode(String base64) {
    return new String(Base64.getDecoder().decode(base64), StandardCharsets.UTF_8);
  }

  private static String answer(String pattern, String name) {
    try {
      return Pattern.compile(pattern).matcher(name).matches() ? "1" : "0";
    } catch (PatternSyntaxException refused) {
      return "E";
    } catch (StackOverflowError tooDeep) {
      return "O";
    } catch (RuntimeException defect) {
      return "X";
    }
  }
}
