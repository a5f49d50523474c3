"""Goods and orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("migrated", sa.Column("revision", sa.Text, nullable=False))
    op.create_table(
        "goods",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("stock", sa.Integer, sa.CheckConstraint("stock >= 0"), nullable=False),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("worker", sa.Integer, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("good_id", sa.Integer, sa.ForeignKey("goods.id"), nullable=False),
    )
    op.create_index("orders_of_worker", "orders", ["worker"])
    op.execute("INSERT INTO migrated VALUES ('0001')")
