"""The sittings of a workspace, read back from the database: by candidate, by exam, or one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from adaptest.administration.exam import Exam, exam_names, thaw
from adaptest.administration.journal import StoredJournal
from adaptest.administration.result import result_of, status_of
from adaptest.administration.sitting import Sitting
from adaptest.administration.views import Result
from adaptest.engine.codec import from_json
from adaptest.engine.events import (
    Event,
    NoteAdded,
    SittingHeld,
    SittingReleased,
    SittingVoided,
)
from adaptest.engine.sitting import evolve, replay
from adaptest.errors import ExamError, OptionError, SittingError
from adaptest.store import candidates, events, sittings
from adaptest.store.database import Database
from adaptest.store.opening import open_store
from adaptest.store.sittings import SittingRow
from adaptest.workspace import Workspace

LOG = logging.getLogger(__name__)
LAST = "last"  # names the newest sitting
ACTS: dict[str, type[SittingVoided | SittingHeld | SittingReleased | NoteAdded]] = {
    "void": SittingVoided,
    "hold": SittingHeld,
    "release": SittingReleased,
    "note": NoteAdded,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """One sitting as it is kept: its row, its log, and the exam it ran on."""

    row: SittingRow
    candidate: str
    exam: Exam
    events: tuple[Event, ...]

    @property
    def result(self) -> Result:
        """What it came to, so far."""
        return result_of(self.exam, self.row.sitting, self.candidate, self.events)


@dataclass(frozen=True, slots=True)
class Records:
    """The sittings of one workspace.

    Parameters
    ----------
    workspace : whose
    database : open
    """

    workspace: Workspace
    database: Database
    _exams: dict[str, Exam] = field(default_factory=dict)

    def sitting(self, sitting: str) -> Stored:
        """Return one sitting, by its id; "last" is the newest.

        Raises
        ------
        SittingError, where there is none of this id.
        StoreError, where its log or what it ran on is not what was written.
        """
        with self.database.read() as connection:
            row = sittings.newest(connection) if sitting == LAST else sittings.find(connection, sitting)
            log = events.read(connection, row)
            name = candidates.name_of(connection, row.pseudonym)
        return self._stored(row, name, tuple(from_json(event.body) for event in log))

    def all(self, exam: str | None = None) -> Iterator[Stored]:
        """Return the sittings of an exam, or of all, the oldest first.

        Raises
        ------
        ExamError, where there is no such exam and nobody ever took it.
        """
        if exam is not None:
            self.require_known(exam)
        with self.database.read() as connection:
            rows = sittings.listed(connection, exam=exam)
            names = candidates.names(connection)
            logs = {row.sitting: events.read(connection, row) for row in rows}
        for row in rows:
            log = tuple(from_json(event.body) for event in logs[row.sitting])
            yield self._stored(row, names[row.pseudonym], log)

    def require_known(self, exam: str) -> None:
        """Raise ExamError where there is no such exam and nobody ever took it."""
        with self.database.read() as connection:
            taken = sittings.listed(connection, exam=exam)
        if not taken and exam not in exam_names(self.workspace):
            raise ExamError(f"exam {exam!r}: must be one that 'adaptest exam list' shows, or was taken here")

    def resume(
        self,
        sitting: str,
        *,
        exam: str | None = None,
        owned: bool = False,
        clock: Callable[[], float] | None = None,
    ) -> Sitting:
        """Return a sitting to go on with, where it stopped; `owned` closes these records with it.

        Parameters
        ----------
        clock : gives seconds since the sitting began, where the caller keeps the time

        Raises
        ------
        SittingError, where it is over, void, run by another process, or of another exam than `exam`.
        """
        journal = StoredJournal(self.database, self.workspace.locks, sitting)
        try:
            with self.database.read() as connection:
                name = candidates.name_of(connection, journal.row.pseudonym)
            stored = self._stored(journal.row, name, journal.events)
            _require_unfinished(stored, exam)
            named, closes = name != journal.row.pseudonym, self if owned else None
            LOG.info("sitting %s goes on", sitting)
            return Sitting(stored.exam, journal, journal.events, name, named=named, owned=closes, clock=clock)
        except BaseException:
            journal.close()
            raise

    def unfinished(self, exam: str, candidate: str | None) -> str:
        """Return the newest unfinished sitting of a candidate (None: of nobody named) in an exam.

        Raises
        ------
        StoreError, where the candidate is unknown.
        SittingError, where there is none.
        """
        with self.database.read() as connection:
            names = candidates.names(connection)
            pseudonym = None if candidate is None else candidates.pseudonym_of(connection, candidate)
            rows = sittings.listed(connection, exam=exam, pseudonym=pseudonym)
        if pseudonym is None:
            rows = tuple(row for row in rows if names[row.pseudonym] == row.pseudonym)
        last = ""
        for row in reversed(rows):
            status = status_of(self.sitting(row.sitting).events)
            if status == "unfinished":
                return row.sitting
            last = last or f"; the last one, {row.sitting!r}, is {status}"
        who = f"candidate {candidate!r}" if candidate is not None else "somebody without a name"
        raise SittingError(
            f"{who}: must have an unfinished sitting of {exam!r} to resume; got none{last}; start a new one"
            " without --resume"
        )

    def act(self, sitting: str, act: str, reason: str, by: str) -> Result:
        """Void, hold, release or annotate a sitting, and return what it comes to then.

        Raises
        ------
        OptionError, where there is no reason.
        SittingError, where the act cannot follow, or another process runs the sitting.
        """
        if not reason.strip():
            raise OptionError("reason must say why; got nothing")
        sitting = self.sitting(sitting).row.sitting
        journal = StoredJournal(self.database, self.workspace.locks, sitting)
        try:
            stored = self.sitting(sitting)
            _require_possible(stored, act)
            event = ACTS[act](reason, by)
            evolve(replay(stored.events, stored.exam.design), event, stored.exam.design)
            journal.append([event])
            LOG.info("sitting %s: %s", sitting, act)
        finally:
            journal.close()
        return self.sitting(sitting).result

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def _stored(self, row: SittingRow, name: str, log: tuple[Event, ...]) -> Stored:
        key = row.facts
        if key not in self._exams:
            with self.database.read() as connection:
                self._exams[key] = thaw(connection, row, self.workspace)
        return Stored(row, name, self._exams[key], log)


def _require_unfinished(stored: Stored, exam: str | None) -> None:
    """Raise where a sitting is over, or of another exam."""
    if exam is not None and stored.row.exam != exam:
        raise SittingError(f"sitting {stored.row.sitting!r}: is of exam {stored.row.exam!r}; got {exam!r}")
    if (status := status_of(stored.events)) != "unfinished":
        raise SittingError(
            f"sitting {stored.row.sitting!r}: is {status} and cannot be resumed; start a new one"
        )


def _require_possible(stored: Stored, act: str) -> None:
    """Raise where an act makes no sense now."""
    status = stored.result.status
    possible = {
        "void": ("unfinished", "finished", "held", "released"),
        "hold": ("finished", "released"),
        "release": ("held",),
        "note": ("unfinished", "finished", "held", "released", "void"),
    }
    if status not in possible[act]:
        raise SittingError(
            f"sitting {stored.row.sitting!r}: must be {_either(possible[act])} to {act} it; got {status}"
        )


def _either(words: tuple[str, ...]) -> str:
    """Return words as a choice: a, b or c."""
    return " or ".join(", ".join(words).rsplit(", ", 1))


def own_records(workspace: Workspace, *, create: bool = False) -> Records:
    """Return the sittings of a workspace, to be closed; see `open_records`."""
    return Records(workspace, open_store(workspace.database, create=create))


@contextmanager
def open_records(workspace: Workspace, *, create: bool = False) -> Iterator[Records]:
    """Give the sittings of a workspace; the database is made where it is not, if `create`.

    Raises
    ------
    StoreError, where the database is not there, damaged or of a newer program.
    """
    records = own_records(workspace, create=create)
    try:
        yield records
    finally:
        records.close()
