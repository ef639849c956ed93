"""How often items were shown, and to whom: counted from the presentations."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from adaptest.store.tables import presentations, sittings


def seen_by(connection: Connection, pseudonym: str) -> tuple[str, ...]:
    """Return the items a candidate was ever shown, in any exam, the longest ago first."""
    latest = func.max(sittings.c.created_at)
    query = (
        select(presentations.c.item)
        .join(sittings, sittings.c.sitting == presentations.c.sitting)
        .where(sittings.c.pseudonym == pseudonym)
        .group_by(presentations.c.item)
        .order_by(latest, presentations.c.item)
    )
    return tuple(connection.execute(query).scalars())


def shown(connection: Connection, exam: str | None = None) -> dict[str, int]:
    """Return how many sittings were shown each item, of one exam or of all."""
    query = select(presentations.c.item, func.count(func.distinct(presentations.c.sitting)))
    if exam is not None:
        query = query.join(sittings, sittings.c.sitting == presentations.c.sitting)
        query = query.where(sittings.c.exam == exam)
    counts = connection.execute(query.group_by(presentations.c.item))
    return {row[0]: row[1] for row in counts}
