"""Who a pseudonym is: the only table that names a person, and the one that can forget."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from adaptest.errors import OptionError, StoreError
from adaptest.store.sittings import word
from adaptest.store.tables import candidates

LONGEST = 200


def register(connection: Connection, candidate: str, at: str) -> str:
    """Return a candidate's pseudonym, a new random one the first time.

    Raises
    ------
    OptionError, where the name is empty, too long, or holds characters that do not print.
    """
    if not candidate.strip() or len(candidate) > LONGEST or not candidate.isprintable():
        raise OptionError(f"candidate must be 1 to {LONGEST} printable characters; got {candidate!r}")
    if (known := _pseudonym(connection, candidate)) is not None:
        return known
    pseudonym = word("p", 16)
    connection.execute(insert(candidates).values(pseudonym=pseudonym, candidate=candidate, created_at=at))
    return pseudonym


def register_unnamed(connection: Connection, at: str) -> str:
    """Return the pseudonym of a new candidate who gave no name."""
    pseudonym = word("p", 16)
    connection.execute(insert(candidates).values(pseudonym=pseudonym, created_at=at))
    return pseudonym


def pseudonym_of(connection: Connection, candidate: str) -> str:
    """Return a known candidate's pseudonym.

    Raises
    ------
    StoreError, where nobody of this name took an exam here.
    """
    if (known := _pseudonym(connection, candidate)) is None:
        raise StoreError(
            f"candidate {candidate!r}: is unknown here; 'adaptest exam results' lists who is known"
        )
    return known


def name_of(connection: Connection, pseudonym: str) -> str:
    """Return who a pseudonym is; an erased or unnamed candidate is called by the pseudonym."""
    query = select(candidates.c.candidate).where(candidates.c.pseudonym == pseudonym)
    return connection.execute(query).scalar_one() or pseudonym


def names(connection: Connection) -> dict[str, str]:
    """Return who each pseudonym is; an erased candidate is called by the pseudonym."""
    rows = connection.execute(select(candidates.c.pseudonym, candidates.c.candidate))
    return {pseudonym: candidate or pseudonym for pseudonym, candidate in rows}


def erase(connection: Connection, candidate: str, at: str) -> str:
    """Forget a candidate's name; the sittings stay, under the pseudonym that is returned.

    Raises
    ------
    StoreError, where nobody of this name took an exam here.
    """
    pseudonym = pseudonym_of(connection, candidate)
    connection.execute(
        update(candidates).where(candidates.c.pseudonym == pseudonym).values(candidate=None, erased_at=at)
    )
    return pseudonym


def _pseudonym(connection: Connection, candidate: str) -> str | None:
    return connection.execute(
        select(candidates.c.pseudonym).where(candidates.c.candidate == candidate)
    ).scalar_one_or_none()
