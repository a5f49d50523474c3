// What the shop does with lib/pq beyond database/sql: COPY by CopyIn, and a Listener that connects by itself, again when it has to.

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lib/pq"
)

func pqState(err error) string {
	var failure *pq.Error
	if errors.As(err, &failure) {
		return string(failure.Code)
	}
	return fmt.Sprint(err)
}

var withPq = driver{
	name:    "postgres",
	stateOf: pqState,
	checks: func(ctx context.Context, db *sql.DB) {
		check("copy", func() any { return copyIn(ctx, db) })
		listener := pq.NewListener(os.Getenv("DATABASE_URL"), 10*time.Millisecond, time.Second, nil)
		check("notifications", func() any {
			must(listener.Listen(fmt.Sprintf("told %d", me)))
			must(listener.Ping())
			return told(ctx, db, func() (string, string) {
				select {
				case notification := <-listener.Notify:
					return notification.Channel, notification.Extra
				case <-time.After(20 * time.Second):
					panic("nothing heard")
				}
			})
		})
		check("channels_that_come_and_go", func() any { return channels(ctx, db, listener) })
	},
}

func copyIn(ctx context.Context, db *sql.DB) any {
	tx := must1(db.BeginTx(ctx, nil))
	defer tx.Rollback()
	in := must1(tx.PrepareContext(ctx, pq.CopyIn("deliveries", "who", "thing")))
	for i := 0; i < 500; i++ {
		must1(in.ExecContext(ctx, me, fmt.Sprintf("thing %d", i)))
	}
	must1(in.ExecContext(ctx))
	must(in.Close())
	must(tx.Commit())
	bad := must1(db.BeginTx(ctx, nil))
	wrong := must1(bad.PrepareContext(ctx, pq.CopyIn("deliveries", "who", "thing")))
	must1(wrong.ExecContext(ctx, "no number", "thing"))
	_, err := wrong.ExecContext(ctx)
	must(bad.Rollback())
	return []any{ask[int](ctx, db, "SELECT count(*) FROM deliveries WHERE who = $1", me), pqState(err)}
}

// What is notified in a transaction comes when it commits, and not at all when it is rolled back.
func channels(ctx context.Context, db *sql.DB, listener *pq.Listener) any {
	channel := fmt.Sprintf("more %d", me)
	must(listener.Listen(channel))
	for round := 0; round < 4; round++ {
		tx := must1(db.BeginTx(ctx, nil))
		do(ctx, tx, "SELECT pg_notify($1, $2)", channel, fmt.Sprint(round))
		if round%2 == 0 {
			must(tx.Rollback())
		} else {
			must(tx.Commit())
		}
	}
	var heard []string
	for len(heard) < 2 {
		heard = append(heard, (<-listener.Notify).Extra)
	}
	must(listener.Unlisten(channel))
	do(ctx, db, "SELECT pg_notify($1, 'nobody')", channel)
	must(listener.Ping())
	return append(heard, fmt.Sprint(len(listener.Notify)))
}
