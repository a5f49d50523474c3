// A worker of a shop on database/sql, over lib/pq or pgx, with a pool of its own as every process of such an application has.

package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sort"
	"sync"
	"time"
)

const (
	rounds = 10
	// Of each process.
	connections = 3
)

// driver is what an application gets from lib/pq or pgx beyond database/sql.
type driver struct {
	name string
	// stateOf gives the SQLSTATE of an error of this driver.
	stateOf func(error) string
	// checks are those of its own.
	checks func(context.Context, *sql.DB)
}

func main() {
	ctx := context.Background()
	drivers := map[string]driver{"pq": withPq, "pgx": withPgx}
	chosen := drivers[os.Args[1]]
	db := must1(sql.Open(chosen.name, os.Getenv("DATABASE_URL")))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	check("tables", func() any { return tables(ctx, db) })
	check("migrations", func() any { return migrations(ctx, db) })
	check("statements", func() any { return statements(ctx, db) })
	check("many_goroutines", func() any { return goroutines(ctx, db) })
	check("transactions", func() any { return transactions(ctx, db, chosen) })
	check("serializable_transactions", func() any { return serializable(ctx, db, chosen) })
	check("contexts_that_end", func() any { return contexts(ctx, db) })
	check("settings", func() any { return settings(ctx, db) })
	check("statements_of_sql", func() any { return statementsOfSQL(ctx, db, chosen) })
	check("locks_of_the_session", func() any { return locks(ctx, db) })
	check("temporary_tables", func() any { return temporary(ctx, db) })
	check("cursors_that_are_held", func() any { return cursors(ctx, db) })
	chosen.checks(ctx, db)
	check("what_is_left", func() any { return left(ctx, db) })
	openAll(ctx, db)
	meet("end")
	must(db.Close())
}

// asker is a *sql.DB, *sql.Conn or *sql.Tx.
type asker interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

func ask[T any](ctx context.Context, on asker, query string, values ...any) T {
	var value T
	must(on.QueryRowContext(ctx, query, values...).Scan(&value))
	return value
}

func do(ctx context.Context, on asker, query string, values ...any) {
	must1(on.ExecContext(ctx, query, values...))
}

// Whoever is first makes them; the others wait for the lock of its transaction.
func tables(ctx context.Context, db *sql.DB) any {
	tx := must1(db.BeginTx(ctx, nil))
	defer tx.Rollback()
	do(ctx, tx, "SELECT pg_advisory_xact_lock($1)", 4711)
	if ask[bool](ctx, tx, "SELECT to_regclass('orders') IS NULL") {
		do(ctx, tx, "CREATE TABLE counter AS SELECT 0 AS n")
		do(ctx, tx, "CREATE TABLE tally AS SELECT 0 AS n")
		do(ctx, tx, "CREATE TABLE stock (id int PRIMARY KEY, name text NOT NULL, sold int NOT NULL DEFAULT 0)")
		do(ctx, tx, "INSERT INTO stock SELECT i, 'thing ' || i FROM generate_series(1, 100) AS i")
		do(ctx, tx, "CREATE TABLE deliveries (who int NOT NULL, thing text NOT NULL)")
		do(ctx, tx, "CREATE TABLE orders (id serial PRIMARY KEY, who int NOT NULL, note text)")
	}
	must(tx.Commit())
	return ask[int](ctx, db, "SELECT count(*) FROM stock")
}

// The same with the lock of a session, over several transactions, and a temporary table on the way.
func migrations(ctx context.Context, db *sql.DB) any {
	conn := must1(db.Conn(ctx))
	defer conn.Close()
	do(ctx, conn, "SELECT pg_advisory_lock($1)", 4712)
	if ask[bool](ctx, conn, "SELECT to_regclass('names') IS NULL") {
		do(ctx, conn, "CREATE TEMPORARY TABLE old AS SELECT id, name FROM stock")
		do(ctx, conn, "UPDATE old SET name = upper(name)")
		do(ctx, conn, "CREATE TABLE names AS SELECT * FROM old")
		do(ctx, conn, "DROP TABLE old")
	}
	return []any{ask[bool](ctx, conn, "SELECT pg_advisory_unlock($1)", 4712), ask[int](ctx, db, "SELECT count(*) FROM names")}
}

// database/sql prepares such a statement on each connection on which it is used.
func statements(ctx context.Context, db *sql.DB) any {
	sum := 0
	name := must1(db.PrepareContext(ctx, "SELECT length(name) FROM stock WHERE id = $1"))
	for round := 1; round <= rounds; round++ {
		sum += ask1(name.QueryRowContext(ctx, round))
		own := must1(db.PrepareContext(ctx, fmt.Sprintf("SELECT $1::int * %d", me)))
		sum += ask1(own.QueryRowContext(ctx, round))
		must(own.Close())
	}
	must(name.Close())
	return sum
}

func ask1(row *sql.Row) (n int) {
	must(row.Scan(&n))
	return n
}

func goroutines(ctx context.Context, db *sql.DB) any {
	shared := must1(db.PrepareContext(ctx, "SELECT $1::int + 1, pg_sleep(0.002)::text"))
	defer shared.Close()
	sums := make([]int, 6)
	var group sync.WaitGroup
	for i := range sums {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			for round := 0; round < rounds; round++ {
				var n int
				var slept string
				if shared.QueryRowContext(ctx, 100*i+round).Scan(&n, &slept) == nil {
					sums[i] += n
				}
			}
		}(i)
	}
	group.Wait()
	return sums
}

func transactions(ctx context.Context, db *sql.DB, with driver) any {
	states := map[string]int{}
	for round := 1; round <= rounds; round++ {
		tx := must1(db.BeginTx(ctx, nil))
		note := fmt.Sprintf("order %d", round)
		id := ask[int](ctx, tx, "INSERT INTO orders (who, note) VALUES ($1, $2) RETURNING id", me, note)
		do(ctx, tx, "SAVEPOINT here")
		_, err := tx.ExecContext(ctx, "INSERT INTO orders (id, who) VALUES ($1, $2)", id, me)
		states[with.stateOf(err)]++
		_, err = tx.ExecContext(ctx, "SELECT 1")
		states[with.stateOf(err)]++
		do(ctx, tx, "ROLLBACK TO SAVEPOINT here")
		do(ctx, tx, "UPDATE stock SET sold = sold + 1 WHERE id = $1", me+1)
		if round%3 == 0 {
			must(tx.Rollback())
		} else {
			must(tx.Commit())
		}
	}
	return states
}

// Whoever loses begins again, until all have added their own.
func serializable(ctx context.Context, db *sql.DB, with driver) any {
	readOnly := must1(db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}))
	_, err := readOnly.ExecContext(ctx, "UPDATE tally SET n = 0")
	found := []any{with.stateOf(err)}
	must(readOnly.Rollback())
	for done := 0; done < 3; {
		err := addSerializably(ctx, db)
		if err == nil {
			done++
		} else if state := with.stateOf(err); state != "40001" {
			panic(err)
		}
	}
	return append(found, ask[string](ctx, db, "SHOW transaction_isolation"))
}

func addSerializably(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT n FROM tally").Scan(&n); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE tally SET n = $1", n+1); err != nil {
		return err
	}
	return tx.Commit()
}

// A context that ends while its query runs cancels it at the server; the pool goes on.
func contexts(ctx context.Context, db *sql.DB) any {
	failed := 0
	for round := 0; round < 3; round++ {
		short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
		if _, err := db.ExecContext(short, "SELECT pg_sleep(30)"); err != nil {
			failed++
		}
		cancel()
	}
	return []any{failed, ask[int](ctx, db, "SELECT 42")}
}

func settings(ctx context.Context, db *sql.DB) any {
	conn := must1(db.Conn(ctx))
	defer conn.Close()
	do(ctx, conn, fmt.Sprintf("SET work_mem = %d", 1000+me))
	do(ctx, conn, fmt.Sprintf("SET TIME ZONE 'Etc/GMT-%d'", me))
	do(ctx, conn, fmt.Sprintf("SET search_path TO \"own %d\", public", me))
	do(ctx, conn, "SELECT set_config('shop.worker', $1, false)", fmt.Sprint(me))
	found := map[string]int{}
	for round := 0; round < rounds; round++ {
		tx := must1(conn.BeginTx(ctx, nil))
		do(ctx, tx, "SET LOCAL statement_timeout = 7777")
		do(ctx, tx, "SET lock_timeout = 1234")
		must(tx.Rollback())
		now := ""
		for _, name := range []string{"work_mem", "TimeZone", "search_path", "shop.worker", "statement_timeout", "lock_timeout"} {
			now += ask[string](ctx, conn, "SHOW "+name) + " "
		}
		found[now]++
	}
	do(ctx, conn, "RESET ALL")
	return []any{found, ask[string](ctx, conn, "SHOW work_mem")}
}

func statementsOfSQL(ctx context.Context, db *sql.DB, with driver) any {
	conn := must1(db.Conn(ctx))
	defer conn.Close()
	sum := 0
	do(ctx, conn, fmt.Sprintf("PREPARE discount (int) AS SELECT $1 * %d + 1", me))
	for round := 1; round <= rounds; round++ {
		sum += ask[int](ctx, conn, fmt.Sprintf("EXECUTE discount(%d)", round))
	}
	_, again := conn.ExecContext(ctx, "PREPARE discount AS SELECT 1")
	do(ctx, conn, "DEALLOCATE discount")
	_, gone := conn.ExecContext(ctx, "EXECUTE discount(1)")
	return []any{sum, with.stateOf(again), with.stateOf(gone)}
}

// Only the lock of the session keeps them from losing one another's counts: reading and writing are transactions of their own.
func locks(ctx context.Context, db *sql.DB) any {
	conn := must1(db.Conn(ctx))
	defer conn.Close()
	unlocked := 0
	for round := 0; round < rounds; round++ {
		do(ctx, conn, "SELECT pg_advisory_lock($1, $2)", 1, 2)
		n := ask[int](ctx, conn, "SELECT n FROM counter")
		do(ctx, conn, "UPDATE counter SET n = $1", n+1)
		if ask[bool](ctx, conn, "SELECT pg_advisory_unlock($1, $2)", 1, 2) {
			unlocked++
		}
	}
	return unlocked
}

func temporary(ctx context.Context, db *sql.DB) any {
	conn := must1(db.Conn(ctx))
	defer conn.Close()
	var sums []int
	for round := 0; round < 3; round++ {
		do(ctx, conn, "CREATE TEMPORARY TABLE basket (id int, n int)")
		for id := 1; id <= rounds; id++ {
			do(ctx, conn, "INSERT INTO basket VALUES ($1, $2)", id, me)
		}
		sums = append(sums, ask[int](ctx, conn, "SELECT sum(id * n) FROM basket JOIN stock USING (id)"))
		do(ctx, conn, "DROP TABLE basket")
	}
	return sums
}

func cursors(ctx context.Context, db *sql.DB) any {
	conn := must1(db.Conn(ctx))
	defer conn.Close()
	tx := must1(conn.BeginTx(ctx, nil))
	do(ctx, tx, fmt.Sprintf("DECLARE things CURSOR WITH HOLD FOR SELECT id FROM stock WHERE id > %d ORDER BY id", me))
	must(tx.Commit())
	var pieces []int
	for piece := 0; piece < 4; piece++ {
		sum := 0
		rows := must1(conn.QueryContext(ctx, "FETCH 7 FROM things"))
		for rows.Next() {
			var id int
			must(rows.Scan(&id))
			sum += id
		}
		must(rows.Err())
		pieces = append(pieces, sum)
	}
	do(ctx, conn, "CLOSE things")
	return pieces
}

// told is where a worker hears from the one before it: both drivers have something of their own for that.
func told(ctx context.Context, db *sql.DB, hear func() (channel, payload string)) any {
	meet("notifications")
	for round := 1; round <= rounds; round++ {
		do(ctx, db, "SELECT pg_notify($1, $2)", fmt.Sprintf("told %d", (me+1)%workers), fmt.Sprint(round))
	}
	var heard []string
	for len(heard) < rounds {
		channel, payload := hear()
		heard = append(heard, channel+": "+payload)
	}
	sort.Strings(heard)
	return heard
}

func left(ctx context.Context, db *sql.DB) any {
	meet("what_is_left")
	return []any{
		ask[int](ctx, db, "SELECT n FROM counter"),
		ask[int](ctx, db, "SELECT n FROM tally"),
		ask[string](ctx, db, "SELECT count(*) || ' ' || count(DISTINCT who) FROM orders"),
		ask[int](ctx, db, "SELECT sum(sold) FROM stock"),
		ask[int](ctx, db, "SELECT count(*) FROM deliveries"),
	}
}

// openAll makes the pool as large as it may be, so that it is counted as such.
func openAll(ctx context.Context, db *sql.DB) {
	var all []*sql.Conn
	for i := 0; i < connections; i++ {
		all = append(all, must1(db.Conn(ctx)))
	}
	for _, conn := range all {
		must(conn.Close())
	}
}
