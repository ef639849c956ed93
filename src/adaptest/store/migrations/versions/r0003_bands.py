"""How many sittings visited each theta band, and what they could be shown and were shown there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the tables, empty: no earlier exam had theta bands."""
    op.create_table(
        "band_visits",
        sa.Column("sitting", sa.String(32), sa.ForeignKey("sittings.sitting"), primary_key=True),
        sa.Column("band", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
    )
    op.create_table(
        "bands",
        sa.Column("counter", sa.String(64), primary_key=True),
        sa.Column("band", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("visits", sa.Double, nullable=False),
    )
    op.create_table(
        "band_items",
        sa.Column("counter", sa.String(64), primary_key=True),
        sa.Column("band", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("item", sa.String(200), primary_key=True),
        sa.Column("barred", sa.Double, nullable=False),
        sa.Column("taken", sa.Double, nullable=False),
    )
