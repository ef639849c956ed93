"""Which item was shown where, read from the events that are there."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

AT_ONCE = 1000


def upgrade() -> None:
    """Make the table and fill it from the log."""
    presentations = op.create_table(
        "presentations",
        sa.Column("sitting", sa.String(32), sa.ForeignKey("sittings.sitting"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("item", sa.String(200), nullable=False),
    )
    op.create_index("presentations_by_item", "presentations", ["item"])
    connection = op.get_bind()
    shown = connection.execute(
        sa.text("SELECT sitting, sequence, body FROM events WHERE type = 'ItemPresented'")
    )
    for part in shown.partitions(AT_ONCE):
        rows = [{"sitting": s, "sequence": n, "item": json.loads(body)["item"]} for s, n, body in part]
        connection.execute(sa.insert(presentations), rows)
