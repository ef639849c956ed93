"""One row a sitting: whose it is, what was fixed when it began, and where its log ends."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from adaptest.errors import SittingError
from adaptest.files import canonical_json
from adaptest.store.tables import events, sittings

LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: none looks like another


@dataclass(frozen=True, slots=True)
class SittingRow:
    """A sitting as it is kept.

    Parameters
    ----------
    sitting : its id
    pseudonym : of its candidate
    exam : bank/exam
    facts : canonical JSON of what was fixed at the start: names of artifacts, release, ...
    created_at : UTC
    length : events in its log
    head : hash of the last one; of the facts before any
    """

    sitting: str
    pseudonym: str
    exam: str
    facts: str
    created_at: str
    length: int
    head: str

    @property
    def fixed(self) -> dict[str, Any]:
        """The facts, as values."""
        values: dict[str, Any] = json.loads(self.facts)
        return values

    @property
    def genesis(self) -> str:
        """Where its chain of hashes begins: a change of any fact breaks the chain."""
        first = [self.sitting, self.pseudonym, self.exam, self.facts, self.created_at]
        return sha256(canonical_json(first).encode()).hexdigest()


def word(prefix: str, length: int) -> str:
    """Return a random id that can be read aloud: 5 bits a letter, from the operating system."""
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(length))


def create(
    connection: Connection, *, pseudonym: str, exam: str, facts: dict[str, Any], at: str
) -> SittingRow:
    """Store a new sitting with an empty log, and return it."""
    sitting = word("s", 8)
    while connection.execute(select(sittings.c.sitting).where(sittings.c.sitting == sitting)).first():
        sitting = word("s", 8)
    blank = SittingRow(sitting, pseudonym, exam, canonical_json(facts), at, 0, "")
    connection.execute(
        insert(sittings).values(
            sitting=sitting,
            pseudonym=pseudonym,
            exam=exam,
            facts=blank.facts,
            created_at=at,
            length=0,
            head=blank.genesis,
        )
    )
    return find(connection, sitting)


def find(connection: Connection, sitting: str) -> SittingRow:
    """Return one sitting.

    Raises
    ------
    SittingError, where there is none of this id.
    """
    row = connection.execute(select(sittings).where(sittings.c.sitting == sitting)).one_or_none()
    if row is None:
        raise SittingError(f"sitting {sitting!r}: is unknown here; 'adaptest exam results' lists them")
    return _from(row)


def newest(connection: Connection) -> SittingRow:
    """Return the sitting that began last.

    Raises
    ------
    SittingError, where there is none.
    """
    query = select(sittings).order_by(sittings.c.created_at.desc(), sittings.c.sitting.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise SittingError("sitting 'last': no sitting was begun here")
    return _from(row)


def listed(
    connection: Connection, *, exam: str | None = None, pseudonym: str | None = None
) -> tuple[SittingRow, ...]:
    """Return the sittings of an exam, of a candidate, or all, the oldest first."""
    query = select(sittings).order_by(sittings.c.created_at, sittings.c.sitting)
    if exam is not None:
        query = query.where(sittings.c.exam == exam)
    if pseudonym is not None:
        query = query.where(sittings.c.pseudonym == pseudonym)
    return tuple(_from(row) for row in connection.execute(query))


def begun(connection: Connection, exam: str, pseudonym: str) -> tuple[str, ...]:
    """Return when a candidate's sittings of an exam began, void ones left out, the oldest first."""
    void = select(events.c.sitting).where(events.c.type == "SittingVoided")
    query = (
        select(sittings.c.created_at)
        .where(sittings.c.exam == exam, sittings.c.pseudonym == pseudonym, sittings.c.sitting.not_in(void))
        .order_by(sittings.c.created_at)
    )
    return tuple(connection.execute(query).scalars())


def _from(row: Row[Any]) -> SittingRow:
    return SittingRow(row.sitting, row.pseudonym, row.exam, row.facts, row.created_at, row.length, row.head)
