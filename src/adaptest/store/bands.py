"""What sittings were shown while theta was in each band: counted in the transaction that logs it.

A counter belongs to one exam and one way of counting. Of the visits of a band the newest counts 1, the one
before it `fading`, and so on. Which visit a sitting's is, `band_visits` keeps: so a step that is tried again
counts once, and everything here can be counted anew from the logs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select, text

from adaptest.files import canonical_json
from adaptest.store.tables import band_items, band_visits, bands, events

SHOWN, SCORED = "ItemPresented", "scored"
EXPOSURE = "exposure"  # the fact of a sitting that says how it is counted

ADD = text(
    "INSERT INTO band_items (counter, band, item, barred, taken)"
    " VALUES (:counter, :band, :item, :barred, :taken)"
    " ON CONFLICT (counter, band, item) DO UPDATE"
    " SET barred = band_items.barred + :barred, taken = band_items.taken + :taken"
)
FADE = text(
    "UPDATE band_items SET barred = barred * :fading, taken = taken * :fading"
    " WHERE counter = :counter AND band = :band"
)
VISIT = text(
    "INSERT INTO bands (counter, band, number, visits) VALUES (:counter, :band, 1, 1)"
    " ON CONFLICT (counter, band) DO UPDATE"
    " SET number = bands.number + 1, visits = bands.visits * :fading + 1"
)


@dataclass(frozen=True, slots=True)
class Counting:
    """How the sittings of one exam are counted.

    Parameters
    ----------
    counter : its name
    fading : what is left of the earlier visits of a band when another comes
    """

    counter: str
    fading: float

    @classmethod
    def of(cls, exam: str, edges: Sequence[float], fading: float) -> Counting:
        """Return the counting of an exam by bands with these edges."""
        return cls(sha256(canonical_json([exam, list(edges), fading]).encode()).hexdigest(), fading)

    @classmethod
    def told(cls, facts: dict[str, Any]) -> Counting | None:
        """Return the counting that a sitting's facts name; None where they name none."""
        said = facts.get(EXPOSURE)
        return cls(said["counter"], said["fading"]) if said else None

    def fact(self) -> dict[str, Any]:
        """Return it as a sitting's fact."""
        return {"counter": self.counter, "fading": self.fading}


@dataclass(frozen=True, slots=True)
class Counted:
    """What a counter says.

    Parameters
    ----------
    visits : band -> sittings that were shown an item in it, faded
    items : (band, item) -> of these, how many could not be shown it there, and how many were shown it
    """

    visits: dict[int, float]
    items: dict[tuple[int, str], tuple[float, float]]


def count(connection: Connection, counting: Counting, sitting: str, item: str, band: int) -> None:
    """Count that a sitting is shown an item in a band; the log holds everything before it."""
    name = counting.counter
    numbers = {
        row[0]: row[1]
        for row in connection.execute(
            select(band_visits.c.band, band_visits.c.number).where(band_visits.c.sitting == sitting)
        )
    }
    if band not in numbers:
        one = {"counter": name, "band": band, "fading": counting.fading}
        if counting.fading != 1:
            connection.execute(FADE, one)
        connection.execute(VISIT, one)
        number = connection.execute(
            select(bands.c.number).where(bands.c.counter == name, bands.c.band == band)
        ).scalar_one()
        numbers[band] = int(number)
        connection.execute(band_visits.insert().values(sitting=sitting, band=band, number=number))
        barred, before = _so_far(connection, sitting, band)
        _add(connection, name, band, ((one, 1.0, 0.0) for one in barred))
        _add(connection, name, band, ((one, 0.0, 1.0) for one in before if one != item))
    newest = {
        row[0]: row[1]
        for row in connection.execute(select(bands.c.band, bands.c.number).where(bands.c.counter == name))
    }
    for visited, number in sorted(numbers.items()):
        weight = counting.fading ** (newest[visited] - number)
        _add(connection, name, visited, [(item, 0.0, weight)])


def counted(connection: Connection, counter: str) -> Counted:
    """Return what a counter says now."""
    visits = connection.execute(select(bands.c.band, bands.c.visits).where(bands.c.counter == counter))
    items = connection.execute(
        select(band_items.c.band, band_items.c.item, band_items.c.barred, band_items.c.taken).where(
            band_items.c.counter == counter
        )
    )
    return Counted(
        {band: float(n) for band, n in visits},
        {(band, item): (float(barred), float(taken)) for band, item, barred, taken in items},
    )


def recounted(sittings: Iterable[tuple[Counting, dict[int, int], Sequence[str]]]) -> dict[str, Counted]:
    """Return what every counter must say, from the logs.

    Parameters
    ----------
    sittings : of each, how it is counted, the number of its visit of each band, and its events
    """
    held = list(sittings)
    newest: dict[tuple[str, int], int] = {}
    for counting, numbers, _ in held:
        for band, number in numbers.items():
            key = counting.counter, band
            newest[key] = max(number, newest.get(key, 0))
    found: dict[str, Counted] = {}
    for counting, numbers, log in held:
        one = found.setdefault(counting.counter, Counted({}, {}))
        barred, shown = _told(log)
        for band, number in numbers.items():
            weight = counting.fading ** (newest[counting.counter, band] - number)
            one.visits[band] = one.visits.get(band, 0.0) + weight
            for item in {*barred.get(band, ()), *shown}:
                was_barred, was_taken = one.items.get((band, item), (0.0, 0.0))
                one.items[band, item] = (
                    was_barred + weight * (item in barred.get(band, ())),
                    was_taken + weight * (item in shown),
                )
    return found


def band_of(body: dict[str, Any]) -> int | None:
    """Return the band of a presentation; None of any other event, or where no rule looks at bands."""
    decision = body.get("decision")
    return decision.get("band") if isinstance(decision, dict) else None


def _told(log: Sequence[str]) -> tuple[dict[int, set[str]], set[str]]:
    """Return what a log's start bars in each band, and the scored items it was shown."""
    bodies = [json.loads(body) for body in log]
    barred = bodies[0].get("barred_in_band", []) if bodies else []
    shown = {body["item"] for body in bodies if body["type"] == SHOWN and body["role"] == SCORED}
    return {band: set(items) for band, items in enumerate(barred)}, shown


def _so_far(connection: Connection, sitting: str, band: int) -> tuple[list[str], list[str]]:
    """Return what a sitting may not be shown in a band, and the scored items it was shown so far."""
    start = connection.execute(
        select(events.c.body).where(events.c.sitting == sitting, events.c.sequence == 0)
    ).scalar_one()
    barred = json.loads(start).get("barred_in_band", [])
    shown = connection.execute(
        select(events.c.body).where(events.c.sitting == sitting, events.c.type == SHOWN)
    ).scalars()
    scored = [body["item"] for body in map(json.loads, shown) if body["role"] == SCORED]
    return (barred[band] if band < len(barred) else []), scored


def _add(connection: Connection, counter: str, band: int, more: Iterable[tuple[str, float, float]]) -> None:
    rows = [
        {"counter": counter, "band": band, "item": item, "barred": barred, "taken": taken}
        for item, barred, taken in more
    ]
    if rows:
        connection.execute(ADD, rows)
