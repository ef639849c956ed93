"""Artifacts, candidates, sittings and their events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "artifacts",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "candidates",
        sa.Column("pseudonym", sa.String(32), primary_key=True),
        sa.Column("candidate", sa.String(200), unique=True),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("erased_at", sa.String(32)),
    )
    op.create_table(
        "sittings",
        sa.Column("sitting", sa.String(32), primary_key=True),
        sa.Column("pseudonym", sa.String(32), sa.ForeignKey("candidates.pseudonym"), nullable=False),
        sa.Column("exam", sa.String(200), nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
    )
    op.create_index("ix_sittings_pseudonym", "sittings", ["pseudonym"])
    op.create_index("ix_sittings_exam", "sittings", ["exam"])
    op.create_table(
        "events",
        sa.Column("sitting", sa.String(32), sa.ForeignKey("sittings.sitting"), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("sequence >= 0", name="sequence_from_zero"),
    )
    op.create_index("events_by_type", "events", ["type"])
