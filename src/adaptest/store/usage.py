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


def sittings_shown(connection: Connection, exam: str) -> int:
    """Return how many sittings of an exam were shown an item."""
    query = select(func.count(func.distinct(presentations.c.sitting)))
    query = query.join(sittings, sittings.c.sitting == presentations.c.sitting)
    return int(connection.execute(query.where(sittings.c.exam == exam)).scalar_one())


def recent(connection: Connection, exam: str, last: int) -> tuple[tuple[str, ...], ...]:
    """Return what each of the last sittings of an exam was shown, the newest first."""
    if not last:
        return ()
    began = (
        select(sittings.c.sitting)
        .where(sittings.c.exam == exam)
        .where(sittings.c.sitting.in_(select(presentations.c.sitting)))
        .order_by(sittings.c.created_at.desc(), sittings.c.sitting.desc())
        .limit(last)
    )
    names = list(connection.execute(began).scalars())
    found: dict[str, list[str]] = {name: [] for name in names}
    query = select(presentations.c.sitting, presentations.c.item).where(presentations.c.sitting.in_(names))
    for name, item in connection.execute(query.order_by(presentations.c.sequence)):
        found[name].append(item)
    return tuple(tuple(items) for items in found.values())


def uses(connection: Connection, item: str, sitting: str, exam: str | None) -> int:
    """Return how many other sittings were shown an item, of one exam or of all."""
    query = select(func.count(func.distinct(presentations.c.sitting)))
    if exam is not None:
        query = query.join(sittings, sittings.c.sitting == presentations.c.sitting)
        query = query.where(sittings.c.exam == exam)
    query = query.where(presentations.c.item == item, presentations.c.sitting != sitting)
    return int(connection.execute(query).scalar_one())
