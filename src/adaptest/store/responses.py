"""The long log of responses: what calibration reads, one row a response, read from the events."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from adaptest.engine.codec import from_json
from adaptest.engine.events import ItemPresented, ResponseChanged, ResponseGiven, SittingVoided
from adaptest.store.events import read
from adaptest.store.sittings import listed

LATE = "late"
COLUMNS = (
    "person",
    "sitting",
    "item",
    "response",
    "score",
    "position",
    "time_s",
    "role",
    "at",
    "release",
    "first_exposure",
    "exam",
)


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """One response as calibration sees it.

    Attributes
    ----------
    person : the candidate's pseudonym
    position : items presented before it in its sitting
    response, score : as changed last, where the exam lets answers be changed
    role : "scored" or "pretest"; "late" where a time limit had run out
    at : UTC, when it was committed
    release : of the parameters that its sitting ran on
    first_exposure : whether this person had never been shown the item before
    """

    person: str
    sitting: str
    item: str
    response: str
    score: int
    position: int
    time_s: float | None
    role: str
    at: str
    release: str
    first_exposure: bool
    exam: str


def responses(connection: Connection, exam: str | None = None) -> tuple[tuple[ResponseRow, ...], int]:
    """Return the responses of an exam or of all, and how many void sittings are left out.

    Raises
    ------
    StoreError, where a log is not what was written.
    """
    rows: list[ResponseRow] = []
    void = 0
    seen: dict[str, set[str]] = {}
    for sitting in listed(connection):
        events = tuple(from_json(event.body) for event in read(connection, sitting))
        before = seen.setdefault(sitting.pseudonym, set())
        first = {e.item: e.item not in before for e in events if isinstance(e, ItemPresented)}
        before |= first.keys()
        if exam is not None and sitting.exam != exam:
            continue
        if any(isinstance(event, SittingVoided) for event in events):
            void += 1
            continue
        presented: ItemPresented | None = None
        last = {event.item: event for event in events if isinstance(event, ResponseChanged)}
        for event in events:
            if isinstance(event, ItemPresented):
                presented = event
            elif isinstance(event, ResponseGiven) and presented is not None:
                counts = last.get(event.item, event)
                rows.append(
                    ResponseRow(
                        person=sitting.pseudonym,
                        sitting=sitting.sitting,
                        item=event.item,
                        response=counts.response,
                        score=counts.score,
                        position=presented.position,
                        time_s=event.time_s,
                        role=LATE if event.late else presented.role,
                        at=event.at,
                        release=str(sitting.fixed["release"]),
                        first_exposure=first[event.item],
                        exam=sitting.exam,
                    )
                )
    return tuple(rows), void
