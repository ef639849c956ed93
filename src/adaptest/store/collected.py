"""Sittings as a programme collects them: what was shown and answered, under which rules, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from adaptest.engine.codec import from_json
from adaptest.engine.events import Event, ItemPresented, ResponseGiven, SittingEnded, SittingVoided
from adaptest.store import artifacts
from adaptest.store.events import read
from adaptest.store.sittings import SittingRow, listed


@dataclass(frozen=True, slots=True)
class Given:
    """One response.

    Attributes
    ----------
    fingerprint : of the content that was shown
    role : "scored" or "pretest"
    position : items presented before it
    """

    item: str
    response: str
    score: int
    position: int
    time_s: float | None
    role: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class CollectedSitting:
    """One sitting.

    Attributes
    ----------
    exam : bank/exam
    at : UTC, when it began
    release : number:run of the parameters that it ran on
    status : finished, unfinished, below_minimum (it ended with fewer scored responses than its exam asks for)
        or void
    stakes : practice or certification
    explains : whether keys and rationales were shown, during it or after it
    shown : items presented, in order
    theta : the final estimate as it was logged; None where there is none
    rules : the exam definition that it ran on, as values
    """

    sitting: str
    person: str
    exam: str
    at: str
    release: str
    status: str
    stakes: str
    explains: bool
    shown: tuple[str, ...]
    responses: tuple[Given, ...]
    theta: float | None
    rules: str


@dataclass(frozen=True, slots=True)
class _Frozen:
    """What sittings of one set of facts share."""

    stakes: str
    explains: bool
    minimum: int
    rules: str
    fingerprints: dict[str, str]


def collected(connection: Connection) -> Iterator[CollectedSitting]:
    """Yield every sitting of the store, the oldest first.

    Raises
    ------
    StoreError, where a log, or what it ran on, is not what was written.
    """
    frozen: dict[str, _Frozen] = {}
    for row in listed(connection):
        if row.facts not in frozen:
            frozen[row.facts] = _thaw(connection, row)
        log = tuple(from_json(event.body) for event in read(connection, row))
        yield _sitting(row, log, frozen[row.facts])


def _thaw(connection: Connection, row: SittingRow) -> _Frozen:
    names = row.fixed["artifacts"]
    about: dict[str, Any] = artifacts.get(connection, names["about"])
    rules = artifacts.text(connection, names["design"])
    index = artifacts.get(connection, names["items"])
    bodies = artifacts.get_all(connection, list(index.values()))
    return _Frozen(
        about["stakes"],
        about["explanation"] != "none",
        int(json.loads(rules).get("length", {}).get("minimum", 1)),
        rules,
        {item: str(bodies[name].get("fingerprint", "")) for item, name in index.items()},
    )


def _sitting(row: SittingRow, log: tuple[Event, ...], frozen: _Frozen) -> CollectedSitting:
    given: list[Given] = []
    shown: ItemPresented | None = None
    for event in log:
        if isinstance(event, ItemPresented):
            shown = event
        elif isinstance(event, ResponseGiven) and shown is not None:
            given.append(
                Given(
                    event.item,
                    event.response,
                    event.score,
                    shown.position,
                    event.time_s,
                    shown.role,
                    frozen.fingerprints.get(event.item, ""),
                )
            )
    end = next((event for event in log if isinstance(event, SittingEnded)), None)
    scored = sum(one.role == "scored" for one in given)
    status = "finished" if end else "unfinished"
    if end and scored < frozen.minimum:
        status = "below_minimum"
    if any(isinstance(event, SittingVoided) for event in log):
        status = "void"
    return CollectedSitting(
        row.sitting,
        row.pseudonym,
        row.exam,
        log[0].at if log else row.created_at,
        str(row.fixed["release"]),
        status,
        frozen.stakes,
        frozen.explains,
        tuple(event.item for event in log if isinstance(event, ItemPresented)),
        tuple(given),
        end.estimate.theta if end and end.estimate else None,
        frozen.rules,
    )
