"""What the log proves about itself, and what it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from adaptest.files import canonical_json
from adaptest.store.artifacts import INDEX, name_of
from adaptest.store.bands import Counting, band_of, recounted
from adaptest.store.bands import counted as counted_now
from adaptest.store.database import Database, damage
from adaptest.store.events import SHOWN, Stored, broken
from adaptest.store.sittings import SittingRow, listed
from adaptest.store.tables import artifacts, band_visits, events, presentations

AT_ONCE = 1000

PROVES = (
    "no event, fact or stored text was changed, removed, reordered or cut off without its hashes"
    " being rewritten too"
)
DOES_NOT = (
    "that nobody rewrote a whole log with new hashes, or removed a whole sitting: for that, keep the"
    " fingerprint outside this database and compare it later"
)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read, what was found wrong, and one number that stands for all of it.

    Parameters
    ----------
    sittings, events, artifacts : how many were checked
    problems : a sentence each; empty where everything is as it was written
    fingerprint : SHA-256 over every sitting's id, length and head
    """

    sittings: int
    events: int
    artifacts: int
    problems: tuple[str, ...]
    fingerprint: str


def verify(database: Database) -> Verification:
    """Return what checking every page, hash and artifact found."""
    problems = [f"database '{database.name}': {line}" for line in damage(database)]
    with database.read() as connection:
        names, wrong_names = _artifacts(connection)
        problems += wrong_names
        rows = listed(connection)
        known = {row.sitting: row for row in rows}
        shown = _presentations(connection)
        for sitting, log in _logs(connection):
            if (row := known.pop(sitting, None)) is None:
                problems.append(f"sitting {sitting!r}: has events but no row")
            else:
                problems += _sitting(row, log, names, shown.get(sitting, []))
        for row in known.values():
            problems += _sitting(row, (), names, [])
        problems += _bands(connection, rows)
    heads = [[row.sitting, row.length, row.head] for row in sorted(rows, key=lambda row: row.sitting)]
    return Verification(
        sittings=len(rows),
        events=sum(row.length for row in rows),
        artifacts=len(names),
        problems=tuple(problems),
        fingerprint=sha256(canonical_json(heads).encode()).hexdigest(),
    )


def _sitting(row: SittingRow, log: tuple[Stored, ...], names: set[str], shown: list[int]) -> list[str]:
    """Return what is wrong with one sitting."""
    problems = [wrong] if (wrong := broken(row, log)) else []
    problems += [
        f"sitting {row.sitting!r}: its {kind} ({name[:12]}) must be stored; got none"
        for kind, name in row.fixed.get("artifacts", {}).items()
        if name not in names
    ]
    if shown != [event.sequence for event in log if event.type == SHOWN]:
        problems.append(f"sitting {row.sitting!r}: its presentations are not those of its log")
    return problems


def _bands(connection: Connection, rows: tuple[SittingRow, ...]) -> list[str]:
    """Return where the counts by theta band are not those of the logs."""
    counted = {row.sitting: counting for row in rows if (counting := Counting.told(row.fixed)) is not None}
    numbers: dict[str, dict[int, int]] = {sitting: {} for sitting in counted}
    for sitting, band, number in connection.execute(select(band_visits)):
        numbers.setdefault(sitting, {})[band] = number
    problems, logs = [], []
    for sitting, log in _logs(connection) if counted else ():
        if sitting in counted:
            bodies = tuple(event.body for event in log)
            visits = {band_of(json.loads(body)) for body in bodies} - {None}
            if visits != numbers[sitting].keys():
                problems.append(f"sitting {sitting!r}: its theta bands are not those of its log")
            logs.append((counted[sitting], numbers[sitting], bodies))
    for counter, wanted in recounted(logs).items():
        found = counted_now(connection, counter)
        if not (_close(found.visits, wanted.visits) and _close(found.items, wanted.items)):
            problems.append(f"counter {counter[:12]}: its counts by theta band are not those of the logs")
    return problems


def _close(found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> bool:
    """Return whether counts agree but for rounding."""
    return found.keys() == wanted.keys() and all(
        np.allclose(found[key], wanted[key], rtol=1e-6, atol=1e-9) for key in wanted
    )


def _artifacts(connection: Connection) -> tuple[set[str], list[str]]:
    """Return the names that are there, and what is wrong: with their texts, or with what a list refers to."""
    names: set[str] = set()
    wanted: dict[str, str] = {}
    problems: list[str] = []
    found = connection.execution_options(yield_per=AT_ONCE).execute(
        select(artifacts.c.sha256, artifacts.c.kind, artifacts.c.body)
    )
    for name, kind, body in found:
        names.add(name)
        if name_of(body) != name:
            problems.append(f"artifact {name[:12]} ({kind}): its text is not what was written")
        elif kind == INDEX:
            wanted.update({text: item for item, text in json.loads(body).items()})
    problems += [
        f"artifact {name[:12]}: the text of item {wanted[name]!r} must be stored; got none"
        for name in sorted(wanted.keys() - names)
    ]
    return names, problems


def _logs(connection: Connection) -> Iterator[tuple[str, tuple[Stored, ...]]]:
    """Return each sitting's events, in one pass over the table."""
    query = select(events.c.sitting, events.c.sequence, events.c.type, events.c.body, events.c.hash)
    current: str | None = None
    log: list[Stored] = []
    for sitting, *event in connection.execution_options(yield_per=AT_ONCE).execute(
        query.order_by(events.c.sitting, events.c.sequence)
    ):
        if sitting != current:
            if current is not None:
                yield current, tuple(log)
            current, log = sitting, []
        log.append(Stored(*event))
    if current is not None:
        yield current, tuple(log)


def _presentations(connection: Connection) -> dict[str, list[int]]:
    shown: dict[str, list[int]] = {}
    query = select(presentations.c.sitting, presentations.c.sequence)
    for sitting, sequence in connection.execute(query.order_by(*query.selected_columns)):
        shown.setdefault(sitting, []).append(sequence)
    return shown
