"""The append-only log: each event's hash covers the one before it, so that a change anywhere shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from adaptest.errors import SittingError, StoreError
from adaptest.store import bands
from adaptest.store.sittings import SittingRow
from adaptest.store.tables import events, presentations, sittings

SHOWN = bands.SHOWN


@dataclass(frozen=True, slots=True)
class Stored:
    """One event as it is kept.

    Parameters
    ----------
    sequence : 0, 1, 2, ... within its sitting
    type : the event's type, as in its body
    body : canonical JSON, never rewritten
    hash : SHA-256 over the hash before it and the body
    """

    sequence: int
    type: str
    body: str
    hash: str


def link(head: str, body: str) -> str:
    """Return the next hash of a chain."""
    return sha256(f"{head}\n{body}".encode()).hexdigest()


def append(connection: Connection, sitting: str, after: int, bodies: Sequence[str]) -> str:
    """Add events to a log that is `after` events long, and return its new head.

    Raises
    ------
    SittingError, where the log is not that long: somebody else went on with this sitting.
    """
    query = select(sittings.c.length, sittings.c.head, sittings.c.facts).where(sittings.c.sitting == sitting)
    length, last, facts = connection.execute(query.with_for_update()).one()
    if length != after:
        raise SittingError(
            f"sitting {sitting!r}: was continued elsewhere (its log has {length} events, this process knows"
            f" {after}); resume it"
        )
    head = str(last)
    rows, shown, in_band = [], [], []
    for sequence, body in enumerate(bodies, start=after):
        head, values = link(head, body), json.loads(body)
        rows.append(
            {"sitting": sitting, "sequence": sequence, "type": values["type"], "body": body, "hash": head}
        )
        if values["type"] == SHOWN:
            shown.append({"sitting": sitting, "sequence": sequence, "item": values["item"]})
            if (band := bands.band_of(values)) is not None:
                in_band.append((values["item"], band))
    try:
        connection.execute(insert(events), rows)
    except IntegrityError:
        raise SittingError(f"sitting {sitting!r}: was continued elsewhere; resume it") from None
    if shown:
        connection.execute(insert(presentations), shown)
    if in_band and (counting := bands.Counting.told(json.loads(facts))) is not None:
        for item, band in in_band:
            bands.count(connection, counting, sitting, item, band)
    connection.execute(
        update(sittings).where(sittings.c.sitting == sitting).values(length=after + len(rows), head=head)
    )
    return head


def read(connection: Connection, row: SittingRow) -> tuple[Stored, ...]:
    """Return a sitting's events, after checking the chain.

    Raises
    ------
    StoreError, where an event was changed, removed or added beside the program.
    """
    stored = tuple(
        Stored(*event)
        for event in connection.execute(
            select(events.c.sequence, events.c.type, events.c.body, events.c.hash)
            .where(events.c.sitting == row.sitting)
            .order_by(events.c.sequence)
        )
    )
    if wrong := broken(row, stored):
        raise StoreError(f"{wrong}; restore a backup")
    return stored


def broken(row: SittingRow, stored: Sequence[Stored]) -> str | None:
    """Return what is wrong with a log, or None: the chain from the sitting's own facts to its head."""
    head = row.genesis
    for expected, event in enumerate(stored):
        if event.sequence != expected:
            return f"sitting {row.sitting!r}: event {expected} is missing from its log"
        head = link(head, event.body)
        if event.hash != head:
            return f"sitting {row.sitting!r}: event {expected} is not what was written"
        if json.loads(event.body)["type"] != event.type:
            return f"sitting {row.sitting!r}: event {expected} is filed as {event.type}, which it is not"
    if len(stored) != row.length:
        return f"sitting {row.sitting!r}: its log must have {row.length} events; got {len(stored)}"
    if head != row.head:
        return f"sitting {row.sitting!r}: its facts or its last hash are not what was written"
    return None
