// How a worker says what it found: JSON, a line for each check; where it meets the others, it waits for a line until all are there.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.List;
import java.util.stream.Collectors;

final class Worker {
    static final int ME = Integer.parseInt(System.getenv("WORKER"));
    static final int WORKERS = Integer.parseInt(System.getenv("WORKERS"));

    private static final List<String> WANTED = List.of(System.getenv("CHECKS").split(" "));
    private static final BufferedReader INPUT = new BufferedReader(new InputStreamReader(System.in));

    interface Act {
        List<?> run() throws Exception;
    }

    static void check(String name, Act act) {
        if (!WANTED.contains(name)) return;
        try {
            String found = act.run().stream().map(Worker::quoted).collect(Collectors.joining(","));
            say("{\"check\":" + quoted(name) + ",\"value\":[" + found + "]}");
        } catch (Exception failure) {
            say("{\"check\":" + quoted(name) + ",\"failure\":" + quoted(failure) + "}");
        }
    }

    static void meet(String name) throws IOException {
        say("{\"meet\":" + quoted(name) + "}");
        if (INPUT.readLine() == null) System.exit(1);
    }

    private static String quoted(Object value) {
        String text = String.valueOf(value).replace("\\", "\\\\").replace("\"", "\\\"");
        return '"' + text.replace("\n", " ").replace("\t", " ") + '"';
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
