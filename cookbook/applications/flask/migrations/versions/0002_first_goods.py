"""The first goods, by way of a temporary table."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.execute("SET LOCAL lock_timeout = '5 s'")
    op.execute("CREATE TEMPORARY TABLE imported (id int, name text) ON COMMIT DROP")
    op.execute("INSERT INTO imported SELECT n, 'good ' || n FROM generate_series(1, 50) AS n")
    op.execute("INSERT INTO goods SELECT id, name, 1000 FROM imported")
    op.execute("INSERT INTO migrated VALUES ('0002')")
