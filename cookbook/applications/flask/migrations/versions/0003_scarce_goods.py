"""An index without a lock on its table, which PostgreSQL does outside of transactions only."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("goods_by_stock", "goods", ["stock"], postgresql_concurrently=True)
    op.execute("UPDATE goods SET stock = 5 WHERE id = 50")
    op.execute("INSERT INTO migrated VALUES ('0003')")
