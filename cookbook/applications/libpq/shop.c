/* A worker of a shop on libpq's asynchronous interface and its pipelines: it never waits inside of the library. */

#include "worker.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 10, PATIENCE_MS = 20000 };

static int me;
static int workers;

/* Sends what is to be sent and reads what has come, once one of the two can be done. False: nothing happened in all that time. */
static int turn(PGconn *connection, int patience_ms)
{
	int unsent = PQflush(connection);
	struct pollfd descriptor = { PQsocket(connection), POLLIN | (unsent > 0 ? POLLOUT : 0), 0 };
	int ready = poll(&descriptor, 1, patience_ms);

	if (unsent < 0 || ready < 0)
		fail("lost: %s", PQerrorMessage(connection));
	if (ready > 0 && (descriptor.revents & (POLLIN | POLLHUP | POLLERR)) && !PQconsumeInput(connection))
		fail("lost: %s", PQerrorMessage(connection));
	return ready > 0;
}

/* The next result; NULL where one query's results end. */
static PGresult *next(PGconn *connection)
{
	while (PQflush(connection) > 0 || PQisBusy(connection))
		if (!turn(connection, PATIENCE_MS))
			fail("no answer");
	return PQgetResult(connection);
}

static const char *state_of(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return state == NULL ? "" : state;
}

/* The first column of the first row of one query of a pipeline, which has to go well. */
static const char *answer(PGconn *connection)
{
	static char text[256];
	PGresult *result = next(connection);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		fail("%s %s", PQresStatus(status), PQerrorMessage(connection));
	snprintf(text, sizeof text, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : PQcmdStatus(result));
	PQclear(result);
	if (next(connection) != NULL)
		fail("a result too many");
	return text;
}

/* One query outside of a pipeline, which may hold several statements: what the last one gave, or its SQLSTATE. */
static const char *ask(PGconn *connection, const char *sql)
{
	static char text[256];
	PGresult *result;

	if (!PQsendQuery(connection, sql))
		fail("%s: %s", sql, PQerrorMessage(connection));
	text[0] = '\0';
	while ((result = next(connection)) != NULL) {
		if (PQresultStatus(result) == PGRES_FATAL_ERROR)
			snprintf(text, sizeof text, "%s", state_of(result));
		else if (PQntuples(result) > 0)
			snprintf(text, sizeof text, "%s", PQgetvalue(result, 0, 0));
		PQclear(result);
	}
	return text;
}

static void send(PGconn *connection, const char *sql, int count, const char *const *values)
{
	if (!PQsendQueryParams(connection, sql, count, NULL, values, NULL, NULL, 0))
		fail("%s: %s", sql, PQerrorMessage(connection));
}

static void begin_pipeline(PGconn *connection)
{
	if (!PQenterPipelineMode(connection))
		fail("no pipeline: %s", PQerrorMessage(connection));
}

static void expect_sync(PGconn *connection)
{
	PGresult *result = next(connection);

	if (PQresultStatus(result) != PGRES_PIPELINE_SYNC)
		fail("%s where a Sync was expected", PQresStatus(PQresultStatus(result)));
	PQclear(result);
}

static void end_pipeline(PGconn *connection)
{
	if (!PQexitPipelineMode(connection))
		fail("still in a pipeline: %s", PQerrorMessage(connection));
}

/* Whoever is first makes them; the others wait for the lock of its transaction. */
static void tables(PGconn *connection)
{
	ask(connection, "BEGIN");
	ask(connection, "SELECT pg_advisory_xact_lock(4711)");
	if (strcmp(ask(connection, "SELECT to_regclass('stock') IS NULL"), "t") == 0) {
		ask(connection, "CREATE TABLE counter (n int NOT NULL); INSERT INTO counter VALUES (0)");
		ask(connection, "CREATE TABLE stock (id int PRIMARY KEY, name text NOT NULL, sold int NOT NULL DEFAULT 0)");
		ask(connection, "INSERT INTO stock SELECT i, 'thing ' || i FROM generate_series(1, 100) AS i");
		ask(connection, "CREATE TABLE orders (id serial PRIMARY KEY, who int NOT NULL, amount int NOT NULL CHECK (amount > 0))");
		ask(connection, "CREATE TABLE deliveries (who int NOT NULL, thing text NOT NULL)");
	}
	ask(connection, "COMMIT");
	found("%s things", ask(connection, "SELECT count(*) FROM stock"));
}

/* The same with the lock of a session, over several transactions, and a temporary table on the way. */
static void migrations(PGconn *connection)
{
	ask(connection, "SELECT pg_advisory_lock(4712)");
	if (strcmp(ask(connection, "SELECT to_regclass('names') IS NULL"), "t") == 0) {
		ask(connection, "CREATE TEMPORARY TABLE old AS SELECT id, name FROM stock");
		ask(connection, "UPDATE old SET name = upper(name)");
		ask(connection, "CREATE TABLE names AS SELECT * FROM old");
		ask(connection, "DROP TABLE old");
	}
	found("unlocked %s", ask(connection, "SELECT pg_advisory_unlock(4712)"));
	found("%s names", ask(connection, "SELECT count(*) FROM names"));
}

/* Sixty queries on their way before the first answer is read. */
static void a_pipeline(PGconn *connection)
{
	char who[16], text[16];
	const char *values[] = { who, text };
	int sum = 0;

	snprintf(who, sizeof who, "%d", me);
	begin_pipeline(connection);
	for (int i = 1; i <= 60; i++) {
		snprintf(text, sizeof text, "%d", i);
		send(connection, "SELECT $1::int * $2::int", 2, values);
		if (i % 20 == 0)
			PQpipelineSync(connection);
	}
	for (int i = 1; i <= 60; i++) {
		sum += atoi(answer(connection));
		if (i % 20 == 0)
			expect_sync(connection);
	}
	end_pipeline(connection);
	found("sum %d", sum);
}

/* Each worker has a statement of its own under the same name, and uses it over many Syncs. */
static void statements(PGconn *connection)
{
	char sql[64], text[16];
	const char *values[] = { text };
	int sum = 0;

	snprintf(sql, sizeof sql, "SELECT $1::int + %d", 1000 * me);
	begin_pipeline(connection);
	if (!PQsendPrepare(connection, "mine", sql, 0, NULL) || !PQsendDescribePrepared(connection, "mine"))
		fail("%s", PQerrorMessage(connection));
	PQpipelineSync(connection);
	answer(connection);
	answer(connection);
	expect_sync(connection);
	for (int round = 1; round <= ROUNDS; round++) {
		for (int i = 0; i < 3; i++) {
			snprintf(text, sizeof text, "%d", round);
			if (!PQsendQueryPrepared(connection, "mine", 1, values, NULL, NULL, 0))
				fail("%s", PQerrorMessage(connection));
		}
		PQpipelineSync(connection);
		for (int i = 0; i < 3; i++)
			sum += atoi(answer(connection));
		expect_sync(connection);
	}
	end_pipeline(connection);
	found("sum %d", sum);
}

/* The same name in SQL, as long as it is there. */
static void statements_of_sql(PGconn *connection)
{
	found("the worker's %s", ask(connection, "EXECUTE mine(7)"));
	ask(connection, "DEALLOCATE mine");
	found("gone %s", ask(connection, "EXECUTE mine(7)"));
}

/* What comes behind an error is left out up to the Sync, and undone with it; what comes behind the Sync is done. */
static void errors_in_a_pipeline(PGconn *connection)
{
	static const char *const SQL[] = { "INSERT INTO orders (who, amount) VALUES ($1, 5)",
		"INSERT INTO orders (who, amount) VALUES ($1, -1)", "SELECT $1::text", NULL, "SELECT 'behind ' || $1" };
	char who[16];
	const char *values[] = { who };
	PGresult *result;

	snprintf(who, sizeof who, "%d", 100 + me);
	begin_pipeline(connection);
	for (int i = 0; i < 5; i++) {
		if (SQL[i] == NULL)
			PQpipelineSync(connection);
		else
			send(connection, SQL[i], 1, values);
	}
	PQpipelineSync(connection);
	for (int i = 0; i < 5; i++) {
		result = next(connection);
		found("%s %s", PQresStatus(PQresultStatus(result)), state_of(result));
		PQclear(result);
		if (SQL[i] != NULL && next(connection) != NULL)
			fail("a result too many");
	}
	expect_sync(connection);
	end_pipeline(connection);
	snprintf(who, sizeof who, "%d", me);
	found("left %s", ask(connection, "SELECT count(*) FROM orders WHERE who >= 100"));
}

/* Answers without a Sync: the transaction is open meanwhile, and the server is the worker's own. */
static void flush_requests(PGconn *connection)
{
	char who[16];
	const char *values[] = { who };
	int same = 0;
	char first[256];

	snprintf(who, sizeof who, "%d", me);
	begin_pipeline(connection);
	send(connection, "SELECT pg_backend_pid()", 0, NULL);
	PQsendFlushRequest(connection);
	snprintf(first, sizeof first, "%s", answer(connection));
	for (int round = 0; round < ROUNDS; round++) {
		send(connection, "SELECT pg_backend_pid() WHERE $1::int >= 0", 1, values);
		PQsendFlushRequest(connection);
		same += strcmp(answer(connection), first) == 0;
	}
	PQpipelineSync(connection);
	expect_sync(connection);
	end_pipeline(connection);
	found("on the same server %d times", same);
}

/* BEGIN and COMMIT in a pipeline; every third transaction is undone. */
static void transactions(PGconn *connection)
{
	char who[16], amount[16];
	const char *values[] = { who, amount };

	snprintf(who, sizeof who, "%d", me);
	begin_pipeline(connection);
	for (int round = 1; round <= 9; round++) {
		snprintf(amount, sizeof amount, "%d", round);
		send(connection, "BEGIN", 0, NULL);
		send(connection, "INSERT INTO orders (who, amount) VALUES ($1, $2)", 2, values);
		PQpipelineSync(connection);
		send(connection, "SAVEPOINT here", 0, NULL);
		send(connection, "UPDATE stock SET sold = sold + 1 WHERE id = $1::int + 1", 1, values);
		send(connection, round % 2 ? "RELEASE here" : "ROLLBACK TO here", 0, NULL);
		send(connection, round % 3 ? "COMMIT" : "ROLLBACK", 0, NULL);
		PQpipelineSync(connection);
		for (int i = 0; i < 2; i++)
			answer(connection);
		expect_sync(connection);
		for (int i = 0; i < 4; i++)
			answer(connection);
		expect_sync(connection);
	}
	end_pipeline(connection);
}

/* SET within a pipeline, and what is left of it in the next one, when others have had the server. */
static void settings(PGconn *connection)
{
	static const char *const SHOWN[] = { "SHOW work_mem", "SHOW TimeZone", "SHOW search_path", "SHOW lock_timeout" };
	char sql[3][64];

	snprintf(sql[0], sizeof sql[0], "SET work_mem = %d", 1000 + me);
	snprintf(sql[1], sizeof sql[1], "SET TIME ZONE 'Etc/GMT-%d'", me);
	snprintf(sql[2], sizeof sql[2], "SET search_path TO \"own %d\", public", me);
	begin_pipeline(connection);
	for (int i = 0; i < 3; i++)
		send(connection, sql[i], 0, NULL);
	PQpipelineSync(connection);
	/* This one fails, and with it what the same Sync has set. */
	send(connection, "SET lock_timeout = 77", 0, NULL);
	send(connection, "SELECT 1/0", 0, NULL);
	PQpipelineSync(connection);
	for (int i = 0; i < 3; i++)
		answer(connection);
	expect_sync(connection);
	answer(connection);
	PQclear(next(connection));
	next(connection);
	expect_sync(connection);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 4; i++)
			send(connection, SHOWN[i], 0, NULL);
		PQpipelineSync(connection);
		for (int i = 0; i < 4; i++) {
			const char *shown = answer(connection);
			if (round == ROUNDS - 1)
				found("%s", shown);
		}
		expect_sync(connection);
	}
	end_pipeline(connection);
	ask(connection, "RESET ALL");
	found("reset to %s", ask(connection, "SHOW work_mem"));
}

static void locks_of_the_session(PGconn *connection)
{
	char sql[64];
	int unlocked = 0;

	for (int round = 0; round < ROUNDS; round++) {
		ask(connection, "SELECT pg_advisory_lock(1, 2)");
		snprintf(sql, sizeof sql, "UPDATE counter SET n = %d", 1 + atoi(ask(connection, "SELECT n FROM counter")));
		ask(connection, sql);
		unlocked += strcmp(ask(connection, "SELECT pg_advisory_unlock(1, 2)"), "t") == 0;
	}
	found("unlocked %d", unlocked);
}

/* A result of many rows, one at a time. */
static void rows_one_by_one(PGconn *connection)
{
	PGresult *result;
	long sum = 0;
	int rows = 0;

	PQsendQuery(connection, "SELECT i FROM generate_series(1, 20000) AS i");
	PQsetSingleRowMode(connection);
	while ((result = next(connection)) != NULL) {
		if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
			sum += atol(PQgetvalue(result, 0, 0));
			rows++;
		}
		PQclear(result);
	}
	found("%d rows, sum %ld", rows, sum);
}

static void copy(PGconn *connection)
{
	char row[64];
	char *line;
	int bytes = 0, lines = 0, size;
	PGresult *result;

	PQsendQuery(connection, "COPY deliveries FROM STDIN");
	result = next(connection);
	found("%s", PQresStatus(PQresultStatus(result)));
	PQclear(result);
	for (int i = 0; i < 1000; i++) {
		snprintf(row, sizeof row, "%d\tthing %d\n", me, i);
		while (PQputCopyData(connection, row, strlen(row)) == 0)
			turn(connection, PATIENCE_MS);
	}
	while (PQputCopyEnd(connection, NULL) == 0)
		turn(connection, PATIENCE_MS);
	while ((result = next(connection)) != NULL) {
		found("%s", PQcmdStatus(result));
		PQclear(result);
	}
	snprintf(row, sizeof row, "COPY (SELECT * FROM deliveries WHERE who = %d) TO STDOUT", me);
	PQsendQuery(connection, row);
	PQclear(next(connection));
	for (; (size = PQgetCopyData(connection, &line, 1)) != -1; ) {
		if (size == 0) {
			turn(connection, PATIENCE_MS);
			continue;
		}
		bytes += size;
		lines++;
		PQfreemem(line);
	}
	while ((result = next(connection)) != NULL)
		PQclear(result);
	found("%d lines, %d bytes", lines, bytes);
}

/* PostgreSQL takes a cancel request for whatever runs: it is sent until the query has ended. */
static void cancel(PGconn *connection)
{
	PGcancel *key = PQgetCancel(connection);
	char error[256];
	PGresult *result;

	PQsendQuery(connection, "SELECT pg_sleep(30)");
	do {
		if (!PQcancel(key, error, sizeof error))
			fail("no cancel: %s", error);
		turn(connection, 50);
	} while (PQisBusy(connection));
	result = next(connection);
	found("%s", state_of(result));
	PQclear(result);
	next(connection);
	PQfreeCancel(key);
	found("and then %s", ask(connection, "SELECT 42"));
}

/* Each is told by the one before it, on a channel of its own. */
static void notifications(PGconn *connection)
{
	char sql[64];
	int heard = 0, sum = 0;
	PGnotify *notify;

	snprintf(sql, sizeof sql, "LISTEN told_%d", me);
	ask(connection, sql);
	meet("notifications");
	begin_pipeline(connection);
	for (int round = 1; round <= ROUNDS; round++) {
		snprintf(sql, sizeof sql, "SELECT pg_notify('told_%d', '%d')", (me + 1) % workers, round);
		send(connection, sql, 0, NULL);
	}
	PQpipelineSync(connection);
	for (int round = 1; round <= ROUNDS; round++)
		answer(connection);
	expect_sync(connection);
	end_pipeline(connection);
	for (int is_patient = 1; heard < ROUNDS && is_patient; ) {
		while ((notify = PQnotifies(connection)) != NULL) {
			heard++;
			sum += atoi(notify->extra);
			if (heard == ROUNDS)
				found("on %s", notify->relname);
			PQfreemem(notify);
		}
		if (heard < ROUNDS)
			is_patient = turn(connection, PATIENCE_MS);
	}
	ask(connection, "UNLISTEN *");
	found("heard %d, sum %d", heard, sum);
}

static void what_is_left(PGconn *connection)
{
	meet("what_is_left");
	found("counter %s", ask(connection, "SELECT n FROM counter"));
	found("orders %s", ask(connection, "SELECT count(*) || ' of ' || sum(amount) FROM orders"));
	found("sold %s", ask(connection, "SELECT sum(sold) FROM stock"));
	found("deliveries %s", ask(connection, "SELECT count(*) FROM deliveries"));
}

int main(void)
{
	PGconn *connection = PQconnectdb(getenv("DATABASE_URL"));

	me = atoi(getenv("WORKER"));
	workers = atoi(getenv("WORKERS"));
	if (PQstatus(connection) != CONNECTION_OK || PQsetnonblocking(connection, 1) != 0) {
		fprintf(stderr, "%s", PQerrorMessage(connection));
		return 1;
	}
	check("tables", tables, connection);
	check("migrations", migrations, connection);
	check("a_pipeline", a_pipeline, connection);
	check("statements", statements, connection);
	check("statements_of_sql", statements_of_sql, connection);
	check("errors_in_a_pipeline", errors_in_a_pipeline, connection);
	check("flush_requests", flush_requests, connection);
	check("transactions", transactions, connection);
	check("settings", settings, connection);
	check("locks_of_the_session", locks_of_the_session, connection);
	check("rows_one_by_one", rows_one_by_one, connection);
	check("copy", copy, connection);
	check("cancel", cancel, connection);
	check("notifications", notifications, connection);
	check("what_is_left", what_is_left, connection);
	meet("end");
	PQfinish(connection);
	return 0;
}
