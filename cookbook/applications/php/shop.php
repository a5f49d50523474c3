<?php
// A worker of a shop on PDO, with its defaults: it prepares on the server, and asks for the numbers of its orders with lastInsertId().

require __DIR__ . '/worker.php';

const ROUNDS = 10;
$me = (int) getenv('WORKER');
$workers = (int) getenv('WORKERS');

// As Laravel's connector makes it of DB_HOST, DB_PORT and DB_DATABASE.
function connect(array $options = []): PDO
{
    [$host, $port, $name] = [getenv('DB_HOST'), getenv('DB_PORT'), getenv('DB_DATABASE')];
    $dsn = "pgsql:host=$host;dbname='$name';port=$port";
    return new PDO($dsn, getenv('DB_USERNAME'), getenv('DB_PASSWORD'), $options);
}

// The first column of the first row.
function value(PDO $db, string $sql, array $values = []): mixed
{
    $asked = $db->prepare($sql);
    $asked->execute($values);
    return $asked->fetchColumn();
}

// How it failed; anything else is a failure of the check.
function stateOf(callable $act): string
{
    try {
        $act();
    } catch (PDOException $error) {
        return $error->errorInfo[0];
    }
    throw new LogicException('It went well');
}

$db = connect();

// Whoever is first makes them; the others wait for the lock of its transaction.
check('tables', function () use ($db) {
    $db->beginTransaction();
    value($db, 'SELECT pg_advisory_xact_lock(4711)');
    if (value($db, "SELECT to_regclass('orders') IS NULL")) {
        $db->exec('CREATE TABLE counter (n int NOT NULL); INSERT INTO counter VALUES (0)');
        $db->exec('CREATE TABLE stock (id int PRIMARY KEY, name text NOT NULL, sold int NOT NULL DEFAULT 0)');
        $db->exec("INSERT INTO stock SELECT i, 'thing ' || i FROM generate_series(1, 100) AS i");
        $db->exec('CREATE TABLE customers (number serial PRIMARY KEY, who int NOT NULL)');
        $db->exec('CREATE TABLE orders (id serial PRIMARY KEY, who int NOT NULL, note text)');
    }
    $db->commit();
    return value($db, 'SELECT count(*) FROM stock');
});

// The same with the lock of a session, over several transactions, and a temporary table on the way.
check('migrations', function () use ($db) {
    value($db, 'SELECT pg_advisory_lock(4712)');
    if (value($db, "SELECT to_regclass('names') IS NULL")) {
        $db->exec('CREATE TEMPORARY TABLE old AS SELECT id, name FROM stock');
        $db->exec('UPDATE old SET name = upper(name)');
        $db->exec('CREATE TABLE names AS SELECT * FROM old');
        $db->exec('DROP TABLE old');
    }
    return [value($db, 'SELECT pg_advisory_unlock(4712)'), value($db, 'SELECT count(*) FROM names')];
});

check('statements', function () use ($db, $me) {
    $sum = 0;
    $sold = $db->prepare('UPDATE stock SET sold = sold + :n WHERE id = :id');
    $name = $db->prepare('SELECT name FROM stock WHERE id = ?');
    foreach (range(1, ROUNDS) as $round) {
        $sold->bindValue('n', $round, PDO::PARAM_INT);
        $sold->bindValue('id', $me + 1, PDO::PARAM_INT);
        $sold->execute();
        $sum += $sold->rowCount();
        $name->execute([$round]);
        $sum += strlen($name->fetchColumn());
        // One that lives for a moment: PDO deallocates it on the server.
        $sum += value($db, 'SELECT ?::int * 2', [$round]);
    }
    return [$sum, stateOf(fn () => value($db, 'SELECT ?::int', ['no number'])), value($db, 'SELECT 1')];
});

check('statements_that_are_not_prepared', function () use ($me) {
    $found = [];
    foreach ([PDO::ATTR_EMULATE_PREPARES, PDO::PGSQL_ATTR_DISABLE_PREPARES] as $attribute) {
        $db = connect([$attribute => true]);
        foreach (range(1, ROUNDS) as $round) {
            $found[$attribute] = ($found[$attribute] ?? 0) + (int) value($db, 'SELECT ? + ?::int', [$round, $me]);
        }
    }
    return array_values($found);
});

// PDO keeps such a connection for the next one that asks for the same, as a web server's process does from request to request.
check('persistent_connections', function () use ($me) {
    $found = [];
    foreach (range(1, ROUNDS) as $round) {
        $db = connect([PDO::ATTR_PERSISTENT => true]);
        if ($round === 1) {
            $db->exec("SET application_name = 'request $me'");
            $db->exec("SET statement_timeout = " . (5000 + $me));
        }
        $db->beginTransaction();
        $found[] = value($db, 'SHOW application_name') . ' ' . value($db, 'SHOW statement_timeout');
        $round % 2 ? $db->commit() : $db->rollBack();
        unset($db);
    }
    return array_values(array_unique($found));
});

// lastInsertId() asks for the session's lastval(), or for a sequence's currval(), in a statement of its own.
check('last_insert_id', function () use ($db, $me) {
    $same = 0;
    foreach (range(1, ROUNDS) as $round) {
        $db->prepare('INSERT INTO customers (who) VALUES (?)')->execute([$me]);
        $customer = $db->lastInsertId();
        $db->prepare('INSERT INTO orders (who, note) VALUES (?, ?)')->execute([$me, "order $round"]);
        $order = $db->lastInsertId();
        $same += value($db, 'SELECT note FROM orders WHERE id = ? AND who = ?', [$order, $me]) === "order $round";
        $same += $db->lastInsertId('customers_number_seq') === $customer;
        $same += value($db, 'SELECT who FROM customers WHERE number = ?', [$customer]) === $me;
    }
    return $same;
});

check('transactions', function () use ($db, $me) {
    $found = [];
    foreach (range(1, ROUNDS) as $round) {
        $db->beginTransaction();
        $db->prepare('INSERT INTO orders (who, note) VALUES (?, ?)')->execute([$me, 'in a transaction']);
        $db->exec('SAVEPOINT trans2');
        $found[] = stateOf(fn () => $db->exec('INSERT INTO orders (note) VALUES (1/0)'));
        $found[] = stateOf(fn () => value($db, 'SELECT 1'));
        $db->exec('ROLLBACK TO SAVEPOINT trans2');
        $round % 3 ? $db->commit() : $db->rollBack();
        $found[] = $db->inTransaction();
    }
    return array_values(array_unique($found, SORT_REGULAR));
});

// What Laravel's connector says to each new connection, and more.
check('settings', function () use ($db, $me) {
    $db->prepare("set names 'utf8'")->execute();
    $db->prepare("set time zone 'Etc/GMT-$me'")->execute();
    $db->prepare("set search_path to \"own $me\", \"public\"")->execute();
    $db->prepare("set session characteristics as transaction isolation level repeatable read")->execute();
    $db->exec('SET work_mem = ' . (1000 + $me));
    $found = [];
    foreach (range(1, ROUNDS) as $round) {
        $db->beginTransaction();
        $db->exec("SET work_mem = '9MB'");
        $isolation = value($db, 'SHOW transaction_isolation');
        $db->rollBack();
        $shown = array_map(fn ($name) => value($db, "SHOW $name"), ['TimeZone', 'search_path', 'work_mem']);
        $found[] = implode(' ', [$isolation, ...$shown]);
    }
    $db->exec('RESET ALL');
    return [...array_unique($found), value($db, 'SHOW work_mem'), value($db, 'SHOW default_transaction_isolation')];
});

// Only the lock of the session keeps them from losing one another's counts: reading and writing are transactions of their own.
check('locks_of_the_session', function () use ($db) {
    $unlocked = 0;
    foreach (range(1, ROUNDS) as $round) {
        value($db, 'SELECT pg_advisory_lock(?)', [12]);
        $n = value($db, 'SELECT n FROM counter');
        $db->prepare('UPDATE counter SET n = ?')->execute([$n + 1]);
        $unlocked += value($db, 'SELECT pg_advisory_unlock(?)', [12]);
    }
    return $unlocked;
});

check('temporary_tables', function () use ($db, $me) {
    $found = [];
    foreach ([1, 2, 3] as $round) {
        $db->exec('CREATE TEMPORARY TABLE basket (id int, n int)');
        $add = $db->prepare('INSERT INTO basket VALUES (?, ?)');
        foreach (range(1, ROUNDS) as $id) {
            $add->execute([$id, $me]);
        }
        $found[] = value($db, 'SELECT sum(id * n) FROM basket JOIN stock USING (id)');
        $db->exec('DROP TABLE basket');
    }
    return $found;
});

// PDO's scrollable cursor is DECLARE … SCROLL CURSOR WITH HOLD, fetched from in one statement each.
check('scrollable_cursors', function () use ($db, $me) {
    $asked = $db->prepare('SELECT id FROM stock WHERE id > ? ORDER BY id', [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
    $asked->execute([$me]);
    $found = [$asked->fetchColumn()];
    $found[] = $asked->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_LAST)[0];
    $found[] = $asked->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_PRIOR)[0];
    $found[] = $asked->fetch(PDO::FETCH_NUM, PDO::FETCH_ORI_FIRST)[0];
    $asked->closeCursor();
    return $found;
});

check('copy', function () use ($db, $me) {
    $rows = array_map(fn ($i) => "$me\tcopied $i\n", range(1, 200));
    $db->pgsqlCopyFromArray('orders', $rows, "\t", '\\N', 'who,note');
    $back = array_filter($db->pgsqlCopyToArray('orders', "\t", '\\N', 'who,note'), fn ($row) => in_array($row, $rows, true));
    $bad = stateOf(fn () => $db->pgsqlCopyFromArray('orders', ["x\ty\n"], "\t", '\\N', 'who,note'));
    return [count($back), $bad, value($db, 'SELECT 1')];
});

// Large objects are read and written in a transaction, by descriptors that end with it.
check('large_objects', function () use ($db, $me) {
    $db->beginTransaction();
    $oid = $db->pgsqlLOBCreate();
    $stream = $db->pgsqlLOBOpen($oid, 'w');
    fwrite($stream, str_repeat("worker $me ", 1000));
    $stream = null;
    $db->commit();
    $db->beginTransaction();
    $read = stream_get_contents($db->pgsqlLOBOpen($oid, 'r'));
    $db->pgsqlLOBUnlink($oid);
    $db->commit();
    return [strlen($read), substr($read, 0, 8)];
});

// Each is told by the one before it, on a channel of its own.
check('notifications', function () use ($db, $me, $workers) {
    $db->exec("LISTEN \"told $me\"");
    meet('notifications');
    foreach (range(1, ROUNDS) as $round) {
        value($db, 'SELECT pg_notify(?, ?)', ['told ' . ($me + 1) % $workers, (string) $round]);
    }
    [$heard, $sum, $channels] = [0, 0, []];
    while ($heard < ROUNDS && ($notify = $db->pgsqlGetNotify(PDO::FETCH_ASSOC, 20_000)) !== false) {
        $heard++;
        $sum += (int) $notify['payload'];
        $channels[$notify['message']] = true;
    }
    $db->exec("UNLISTEN \"told $me\"");
    return [$heard, $sum, array_keys($channels)];
});

check('what_is_left', function () use ($db) {
    meet('what_is_left');
    $counted = $db->query('SELECT count(*), count(DISTINCT who) FROM orders')->fetch(PDO::FETCH_NUM);
    return [value($db, 'SELECT n FROM counter'), value($db, 'SELECT sum(sold) FROM stock'), ...$counted];
});

meet('end');
