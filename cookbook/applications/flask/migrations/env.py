"""Alembic's environment, with a lock of the session, so that all instances may migrate when they start."""

import time

from alembic import context
from shop import app, db
from sqlalchemy import text

LOCK = {"lock": 20240101}

with app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
    # Nobody waits for it in a transaction: CREATE INDEX CONCURRENTLY would wait for that one.
    while not guard.execute(text("SELECT pg_try_advisory_lock(:lock)"), LOCK).scalar():
        time.sleep(0.1)
    try:
        with db.engine.connect() as connection:
            context.configure(connection=connection, target_metadata=db.metadata, transaction_per_migration=True)
            with context.begin_transaction():
                context.run_migrations()
    finally:
        guard.execute(text("SELECT pg_advisory_unlock(:lock)"), LOCK)
