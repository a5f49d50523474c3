// A worker of a shop on JDBC, with the driver's defaults: what is executed five times is prepared on the server.

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyManager;

final class Shop {
    private static final int ROUNDS = 10;
    private static final int ME = Worker.ME;

    private final Connection db;

    private Shop(Connection db) {
        this.db = db;
    }

    public static void main(String[] arguments) throws Exception {
        Shop shop = new Shop(connect(new Properties()));
        Worker.check("tables", shop::tables);
        Worker.check("migrations", shop::migrations);
        Worker.check("prepared_after_five", shop::preparedAfterFive);
        Worker.check("fetch_size", shop::fetchSize);
        Worker.check("transactions", shop::transactions);
        Worker.check("autosave", Shop::autosave);
        Worker.check("read_only_and_isolation", Shop::readOnlyAndIsolation);
        Worker.check("schema", shop::schema);
        Worker.check("settings", shop::settings);
        Worker.check("generated_keys_and_batches", shop::generatedKeysAndBatches);
        Worker.check("locks_of_the_session", shop::locks);
        Worker.check("temporary_tables", shop::temporaryTables);
        Worker.check("copy", shop::copy);
        Worker.check("cancel", shop::cancel);
        Worker.check("notifications", shop::notifications);
        Worker.check("what_is_left", shop::whatIsLeft);
        Worker.meet("end");
        shop.db.close();
    }

    private static Connection connect(Properties properties) throws SQLException {
        properties.setProperty("user", System.getenv("DB_USERNAME"));
        properties.setProperty("password", System.getenv("DB_PASSWORD"));
        return DriverManager.getConnection(System.getenv("JDBC_URL"), properties);
    }

    interface Failing {
        void run() throws SQLException;
    }

    /** The SQLSTATE with which it failed. */
    private static String stateOf(Failing act) {
        try {
            act.run();
        } catch (SQLException failure) {
            return failure.getSQLState();
        }
        throw new IllegalStateException("It went well");
    }

    private static void execute(Connection on, String sql) throws SQLException {
        try (Statement statement = on.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The first column of the first row. */
    private static String value(Connection on, String sql, int... values) throws SQLException {
        try (PreparedStatement statement = on.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) statement.setInt(i + 1, values[i]);
            try (ResultSet result = statement.executeQuery()) {
                result.next();
                return result.getString(1);
            }
        }
    }

    /** Whoever is first makes them; the others wait for the lock of its transaction. */
    private List<?> tables() throws SQLException {
        db.setAutoCommit(false);
        value(db, "SELECT pg_advisory_xact_lock(?)", 4711);
        if (value(db, "SELECT to_regclass('orders') IS NULL").equals("t")) {
            execute(db, "CREATE TABLE counter (n int NOT NULL); INSERT INTO counter VALUES (0)");
            execute(db, "CREATE TABLE stock (id int PRIMARY KEY, name text NOT NULL, sold int NOT NULL DEFAULT 0)");
            execute(db, "INSERT INTO stock SELECT i, 'thing ' || i FROM generate_series(1, 1000) AS i");
            execute(db, "CREATE TABLE deliveries (who int NOT NULL, thing text NOT NULL)");
            execute(db, "CREATE TABLE orders (id serial PRIMARY KEY, who int NOT NULL, note text)");
        }
        db.commit();
        db.setAutoCommit(true);
        return List.of(value(db, "SELECT count(*) FROM stock"));
    }

    /** The same with the lock of a session, over several transactions, and a temporary table on the way. */
    private List<?> migrations() throws SQLException {
        value(db, "SELECT pg_advisory_lock(?)", 4712);
        if (value(db, "SELECT to_regclass('names') IS NULL").equals("t")) {
            execute(db, "CREATE TEMPORARY TABLE old AS SELECT id, name FROM stock");
            execute(db, "UPDATE old SET name = upper(name)");
            execute(db, "CREATE TABLE names AS SELECT * FROM old");
            execute(db, "DROP TABLE old");
        }
        return List.of(value(db, "SELECT pg_advisory_unlock(?)", 4712), value(db, "SELECT count(*) FROM names"));
    }

    private List<?> preparedAfterFive() throws SQLException {
        List<Object> found = new ArrayList<>();
        int sum = 0;
        try (PreparedStatement statement = db.prepareStatement("SELECT ?::int * 2, now() > ?::timestamptz")) {
            for (int round = 1; round <= 3 * ROUNDS; round++) {
                statement.setInt(1, round);
                statement.setString(2, "2020-01-01");
                boolean isPrepared = statement.unwrap(PGStatement.class).isUseServerPrepare();
                if (round == 4 || round == 3 * ROUNDS) found.add(isPrepared);
                try (ResultSet result = statement.executeQuery()) {
                    result.next();
                    sum += result.getBoolean(2) ? result.getInt(1) : 0;
                }
            }
        }
        found.add(sum);
        return found;
    }

    /** Rows come fifty at a time, by a portal that lives as long as the transaction, whatever is asked in between. */
    private List<?> fetchSize() throws SQLException {
        int rows = 0;
        long sum = 0;
        db.setAutoCommit(false);
        try (PreparedStatement statement = db.prepareStatement("SELECT id FROM stock WHERE id > ? ORDER BY id")) {
            statement.setFetchSize(50);
            statement.setInt(1, ME);
            try (ResultSet result = statement.executeQuery()) {
                while (result.next()) {
                    sum += result.getInt(1);
                    if (++rows % 100 == 0) sum += Integer.parseInt(value(db, "SELECT ?::int", rows));
                }
            }
        }
        db.commit();
        db.setAutoCommit(true);
        return List.of(rows, sum);
    }

    private List<?> transactions() throws SQLException {
        TreeSet<String> states = new TreeSet<>();
        db.setAutoCommit(false);
        for (int round = 1; round <= ROUNDS; round++) {
            execute(db, "INSERT INTO orders (who, note) VALUES (" + ME + ", 'order " + round + "')");
            Savepoint here = db.setSavepoint();
            states.add(stateOf(() -> execute(db, "SELECT 1 / 0")));
            states.add(stateOf(() -> execute(db, "SELECT 1")));
            db.rollback(here);
            value(db, "UPDATE stock SET sold = sold + 1 WHERE id = ? RETURNING id", ME + 1);
            if (round % 3 == 0) db.rollback();
            else db.commit();
        }
        db.setAutoCommit(true);
        return List.copyOf(states);
    }

    /** The driver sets a savepoint before each query, and goes back to it by itself. */
    private static List<?> autosave() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("autosave", "always");
        try (Connection own = connect(properties)) {
            own.setAutoCommit(false);
            int count = 0;
            for (int round = 1; round <= ROUNDS; round++) {
                value(own, "INSERT INTO deliveries VALUES (?, 'autosave') RETURNING who", ME);
                stateOf(() -> value(own, "SELECT 1 / (?::int - 5)", 5));
                count += Integer.parseInt(value(own, "SELECT ?::int", 1));
                own.commit();
            }
            return List.of(count, value(own, "SELECT count(*) FROM deliveries WHERE who = ? AND thing = 'autosave'", ME));
        }
    }

    /** Both are SET SESSION CHARACTERISTICS, and hold for every transaction from then on. */
    private static List<?> readOnlyAndIsolation() throws SQLException {
        TreeSet<String> found = new TreeSet<>();
        boolean isReader = ME % 2 == 0;
        Properties properties = new Properties();
        properties.setProperty("readOnlyMode", "always");
        try (Connection own = connect(properties)) {
            own.setReadOnly(isReader);
            own.setTransactionIsolation(isReader ? Connection.TRANSACTION_SERIALIZABLE : Connection.TRANSACTION_REPEATABLE_READ);
            for (int round = 0; round < ROUNDS; round++) {
                boolean isSerializable = own.getTransactionIsolation() == Connection.TRANSACTION_SERIALIZABLE;
                found.add(value(own, "SHOW transaction_isolation") + " " + isSerializable);
                found.add("read only " + value(own, "SHOW transaction_read_only"));
                if (isReader) found.add(stateOf(() -> execute(own, "INSERT INTO deliveries VALUES (1, 'never')")));
            }
            own.setAutoCommit(false);
            found.add("in a transaction " + value(own, "SHOW transaction_read_only"));
            own.rollback();
            own.setAutoCommit(true);
            own.setReadOnly(false);
            own.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            found.add("and back " + value(own, "SHOW transaction_isolation") + " " + value(own, "SHOW transaction_read_only"));
        }
        return List.copyOf(found);
    }

    /** Every worker has a table of the same name in a schema of its own. */
    private List<?> schema() throws SQLException {
        TreeSet<String> found = new TreeSet<>();
        execute(db, "CREATE SCHEMA \"own " + ME + "\"");
        db.setSchema("own " + ME);
        execute(db, "CREATE TABLE mine AS SELECT " + ME + " AS who");
        for (int round = 0; round < ROUNDS; round++)
            found.add(value(db, "SELECT who FROM mine WHERE who >= ?", 0) + " in " + db.getSchema());
        execute(db, "DROP TABLE mine");
        db.setSchema("public");
        found.add(db.getSchema());
        return List.copyOf(found);
    }

    private List<?> settings() throws SQLException {
        TreeSet<String> found = new TreeSet<>();
        execute(db, "SET work_mem = " + (1000 + ME));
        execute(db, "SET shop.worker = 'it''s " + ME + "'");
        value(db, "SELECT set_config('lock_timeout', '" + (2000 + ME) + "', false)");
        db.setClientInfo("ApplicationName", "worker " + ME);
        for (int round = 0; round < ROUNDS; round++) {
            db.setAutoCommit(false);
            execute(db, "SET LOCAL work_mem = '9MB'");
            execute(db, "SET lock_timeout = 1");
            db.rollback();
            db.setAutoCommit(true);
            List<String> shown = new ArrayList<>();
            for (String name : List.of("work_mem", "shop.worker", "lock_timeout", "application_name", "TimeZone"))
                shown.add(value(db, "SHOW " + name));
            // As the driver said it at its start.
            shown.set(4, String.valueOf(shown.get(4).equals(java.util.TimeZone.getDefault().getID())));
            found.add(String.join(" ", shown));
        }
        execute(db, "RESET work_mem");
        found.add("reset to " + value(db, "SHOW work_mem"));
        return List.copyOf(found);
    }

    private List<?> generatedKeysAndBatches() throws SQLException {
        int same = 0;
        String insert = "INSERT INTO orders (who, note) VALUES (?, ?)";
        try (PreparedStatement statement = db.prepareStatement(insert, Statement.RETURN_GENERATED_KEYS)) {
            for (int i = 0; i < 50; i++) {
                statement.setInt(1, ME);
                statement.setString(2, "batch " + i);
                statement.addBatch();
            }
            for (int count : statement.executeBatch()) same += count;
            try (ResultSet keys = statement.getGeneratedKeys()) {
                for (int i = 0; keys.next(); i++) {
                    String note = value(db, "SELECT note FROM orders WHERE id = ?", keys.getInt("id"));
                    if (note.equals("batch " + i)) same++;
                }
            }
        }
        int failedAt = -1;
        try (PreparedStatement statement = db.prepareStatement("INSERT INTO deliveries VALUES (?, ?)")) {
            for (String thing : new String[] {"batch", null, "batch"}) {
                statement.setInt(1, ME);
                statement.setString(2, thing);
                statement.addBatch();
            }
            statement.executeBatch();
        } catch (java.sql.BatchUpdateException failure) {
            failedAt = failure.getUpdateCounts().length;
        }
        return List.of(same, failedAt, value(db, "SELECT count(*) FROM deliveries WHERE thing = 'batch'"));
    }

    /** Only the lock of the session keeps them from losing one another's counts: reading and writing are transactions of their own. */
    private List<?> locks() throws SQLException {
        int unlocked = 0;
        for (int round = 0; round < ROUNDS; round++) {
            value(db, "SELECT pg_advisory_lock(?, ?)", 1, 2);
            int n = Integer.parseInt(value(db, "SELECT n FROM counter"));
            execute(db, "UPDATE counter SET n = " + (n + 1));
            if (value(db, "SELECT pg_advisory_unlock(?, ?)", 1, 2).equals("t")) unlocked++;
        }
        return List.of(unlocked);
    }

    private List<?> temporaryTables() throws SQLException {
        List<String> found = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            execute(db, "CREATE TEMPORARY TABLE basket (id int, n int)");
            for (int id = 1; id <= ROUNDS; id++) execute(db, "INSERT INTO basket VALUES (" + id + ", " + ME + ")");
            found.add(value(db, "SELECT sum(id * n) FROM basket JOIN stock USING (id) WHERE n >= ?", 0));
            execute(db, "DROP TABLE basket");
        }
        return found;
    }

    private List<?> copy() throws Exception {
        CopyManager copies = db.unwrap(PGConnection.class).getCopyAPI();
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 2000; i++) rows.append(ME).append("\tcopied ").append(i).append('\n');
        long in = copies.copyIn("COPY deliveries FROM STDIN", new StringReader(rows.toString()));
        StringWriter back = new StringWriter();
        String mine = "SELECT * FROM deliveries WHERE who = " + ME + " AND thing LIKE 'copied%' ORDER BY length(thing), thing";
        long out = copies.copyOut("COPY (" + mine + ") TO STDOUT", back);
        String bad;
        try {
            copies.copyIn("COPY deliveries FROM STDIN", new StringReader("no number\tthing\n"));
            bad = "taken";
        } catch (SQLException failure) {
            bad = failure.getSQLState();
        }
        return List.of(in, out, back.toString().equals(rows.toString()), bad);
    }

    /** A cancel request is for whatever runs: it is sent again until the query has ended. */
    private List<?> cancel() throws Exception {
        List<Object> found = new ArrayList<>();
        try (Statement statement = db.createStatement()) {
            Thread impatient = new Thread(() -> {
                try {
                    for (;;) {
                        Thread.sleep(20);
                        statement.cancel();
                    }
                } catch (InterruptedException | SQLException over) {
                    // It is no longer needed.
                }
            });
            impatient.start();
            found.add(stateOf(() -> statement.execute("SELECT pg_sleep(30)")));
            impatient.interrupt();
            impatient.join();
        }
        found.add(value(db, "SELECT ?::int", 42));
        return found;
    }

    /** Each is told by the one before it, on a channel of its own. */
    private List<?> notifications() throws Exception {
        PGConnection own = db.unwrap(PGConnection.class);
        TreeSet<String> channels = new TreeSet<>();
        int heard = 0;
        int sum = 0;
        execute(db, "LISTEN told_" + ME);
        Worker.meet("notifications");
        for (int round = 1; round <= ROUNDS; round++)
            execute(db, "NOTIFY told_" + (ME + 1) % Worker.WORKERS + ", '" + round + "'");
        while (heard < ROUNDS) {
            PGNotification[] some = own.getNotifications(20_000);
            if (some == null || some.length == 0) break;
            for (PGNotification notification : some) {
                heard++;
                sum += Integer.parseInt(notification.getParameter());
                channels.add(notification.getName());
            }
        }
        execute(db, "UNLISTEN *");
        return List.of(heard, sum, channels);
    }

    private List<?> whatIsLeft() throws Exception {
        Worker.meet("what_is_left");
        return List.of(
            value(db, "SELECT n FROM counter"),
            value(db, "SELECT count(*) || ' ' || count(DISTINCT who) FROM orders"),
            value(db, "SELECT sum(sold) FROM stock"),
            value(db, "SELECT count(*) FROM deliveries"));
    }
}
