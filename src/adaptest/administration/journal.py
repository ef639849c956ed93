"""Where a sitting's events go: committed to the database one step at a time, or kept in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from adaptest.administration.clock import now
from adaptest.engine.codec import from_json, to_json
from adaptest.engine.events import Event, ItemPresented, stamped
from adaptest.exposure import MaximumUse
from adaptest.exposure.usage import EXAM
from adaptest.store import events as log
from adaptest.store import locks, sittings, usage
from adaptest.store.database import Database


class Journal(Protocol):
    """A log that only grows."""

    @property
    def sitting(self) -> str:
        """The sitting's id."""

    def append(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Keep the events, all or none, and return them with the time they were written."""

    def present(self, shown: ItemPresented, most: MaximumUse | None) -> tuple[Event, ...]:
        """Keep a presentation, unless its item was shown to `most` other sittings: then keep nothing."""

    def used(self) -> tuple[Mapping[str, int], Collection[str]]:
        """Return how often items were shown so far, to anybody, and which this person has seen."""

    def close(self) -> None:
        """Give the sitting free for others."""


class MemoryJournal:
    """A log that is gone with the process: for trials in a notebook."""

    def __init__(self) -> None:
        self.sitting = "trial"

    def append(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Return the events with the time."""
        return tuple(stamped(event, now()) for event in events)

    def present(self, shown: ItemPresented, most: MaximumUse | None) -> tuple[Event, ...]:  # noqa: ARG002 (as Journal says)
        """Return the presentation with the time: a trial knows of no other sitting."""
        return self.append([shown])

    def used(self) -> tuple[Mapping[str, int], Collection[str]]:
        """Return nothing: a trial knows of no other sitting."""
        return {}, ()

    def close(self) -> None:
        """Do nothing: nobody else can have it."""


class StoredJournal:
    """A log in the database, which this process alone may continue.

    Parameters
    ----------
    database : where it is
    folder : of the locks
    sitting : its id

    Raises
    ------
    SittingError, where another process runs the sitting, or there is none of this id.
    StoreError, where the log is not what was written.
    """

    def __init__(self, database: Database, folder: Path, sitting: str) -> None:
        self.sitting = sitting
        self._database = database
        self._folder = folder
        with database.read() as connection:
            sittings.find(connection, sitting)
        self._lock: int | None = locks.acquire(folder, sitting)
        try:
            with database.read() as connection:
                row = sittings.find(connection, sitting)
                self.row = row
                self.events = tuple(from_json(event.body) for event in log.read(connection, row))
        except BaseException:
            self.close()
            raise
        self._length = row.length

    def append(self, events: Sequence[Event]) -> tuple[Event, ...]:
        """Commit the events in one transaction."""
        with self._database.write() as connection:
            written = self._written(connection, events)
        self._length += len(written)
        return written

    def present(self, shown: ItemPresented, most: MaximumUse | None) -> tuple[Event, ...]:
        """Count the item's uses and commit its presentation in one transaction; see Journal."""
        with self._database.write() as connection:
            if most is not None:
                exam = self.row.exam if most.across == EXAM else None
                if usage.uses(connection, shown.item, self.sitting, exam) >= most.at_most:
                    return ()
            written = self._written(connection, [shown])
        self._length += 1
        return written

    def _written(self, connection: Connection, events: Sequence[Event]) -> tuple[Event, ...]:
        """Add the events to the log in a transaction that is open, and return them with the time."""
        written = tuple(stamped(event, now()) for event in events)
        log.append(connection, self.sitting, self._length, [to_json(event) for event in written])
        return written

    def used(self) -> tuple[Mapping[str, int], Collection[str]]:
        """Read the counters; see Journal."""
        with self._database.read() as connection:
            return usage.shown(connection), usage.seen_by(connection, self.row.pseudonym)

    def close(self) -> None:
        """Free the lock."""
        if self._lock is not None:
            locks.release(self._folder, self.sitting, self._lock)
            self._lock = None
