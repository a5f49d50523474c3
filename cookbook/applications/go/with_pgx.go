// What the shop does with pgx beyond database/sql: its cache of statements, batches, COPY, notifications.

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/stdlib"
)

func pgxState(err error) string {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return failure.Code
	}
	return fmt.Sprint(err)
}

var withPgx = driver{
	name:    "pgx",
	stateOf: pgxState,
	checks: func(ctx context.Context, db *sql.DB) {
		check("cached_statements", func() any { return raw(ctx, db, cachedStatements) })
		check("batches", func() any { return raw(ctx, db, batches) })
		check("copy", func() any { return raw(ctx, db, copyFrom) })
		check("notifications", func() any {
			return raw(ctx, db, func(ctx context.Context, conn *pgx.Conn) any {
				must1(conn.Exec(ctx, fmt.Sprintf("LISTEN \"told %d\"", me)))
				defer conn.Exec(ctx, "UNLISTEN *")
				patient, cancel := context.WithTimeout(ctx, 20*time.Second)
				defer cancel()
				return told(ctx, db, func() (string, string) {
					notification := must1(conn.WaitForNotification(patient))
					return notification.Channel, notification.Payload
				})
			})
		})
	},
}

// raw hands out pgx's own connection under one of database/sql.
func raw(ctx context.Context, db *sql.DB, act func(context.Context, *pgx.Conn) any) (value any) {
	conn := must1(db.Conn(ctx))
	defer conn.Close()
	must(conn.Raw(func(driver any) error {
		value = act(ctx, driver.(*stdlib.Conn).Conn())
		return nil
	}))
	return value
}

// pgx prepares whatever it is asked, and keeps up to 512 statements for each connection.
func cachedStatements(ctx context.Context, conn *pgx.Conn) any {
	sum := 0
	for round := 0; round < 3; round++ {
		for i := 0; i < 40; i++ {
			var n int
			must(conn.QueryRow(ctx, fmt.Sprintf("SELECT %d + $1::int", i), me).Scan(&n))
			sum += n
		}
	}
	_, err := conn.Exec(ctx, "SELECT $1::int / 0", 1)
	return []any{sum, conn.StatementCache().Len() > 40, pgxState(err)}
}

// Many queries on their way at once; an error in one fails those behind it, and undoes those before it.
func batches(ctx context.Context, conn *pgx.Conn) any {
	good := &pgx.Batch{}
	for i := 0; i < 30; i++ {
		good.Queue("SELECT $1::int + $2::int", i, me)
	}
	sum := 0
	results := conn.SendBatch(ctx, good)
	for i := 0; i < 30; i++ {
		var n int
		must(results.QueryRow().Scan(&n))
		sum += n
	}
	must(results.Close())
	bad := &pgx.Batch{}
	bad.Queue("INSERT INTO deliveries VALUES ($1, 'undone')", me)
	bad.Queue("SELECT 1 / ($1::int - $1::int)", me)
	bad.Queue("SELECT 1")
	results = conn.SendBatch(ctx, bad)
	_, first := results.Exec()
	_, second := results.Exec()
	_, third := results.Exec()
	results.Close()
	undone := 0
	must(conn.QueryRow(ctx, "SELECT count(*) FROM deliveries WHERE thing = 'undone'").Scan(&undone))
	return []any{sum, first == nil, pgxState(second), third != nil, undone}
}

func copyFrom(ctx context.Context, conn *pgx.Conn) any {
	rows := make([][]any, 500)
	for i := range rows {
		rows[i] = []any{me, fmt.Sprintf("thing %d", i)}
	}
	columns := []string{"who", "thing"}
	copied := must1(conn.CopyFrom(ctx, pgx.Identifier{"deliveries"}, columns, pgx.CopyFromRows(rows)))
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"deliveries"}, columns, pgx.CopyFromRows([][]any{{nil, "thing"}}))
	return []any{copied, pgxState(err)}
}
