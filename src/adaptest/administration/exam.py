"""An exam that can be taken: loaded from the workspace, or thawed as an old sitting had it."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

import adaptest
from adaptest.administration.about import About, about_of
from adaptest.administration.agreed import Agreed, agreed_of
from adaptest.administration.attempts import require_attempt
from adaptest.administration.clock import now
from adaptest.administration.counters import counters_of, counting_of, nothing_before
from adaptest.administration.cuts import CUTS, require_cut
from adaptest.administration.journal import MemoryJournal, StoredJournal
from adaptest.administration.sentences import Sentences, sentences
from adaptest.bank.files import load_bank
from adaptest.bank.snapshot import Snapshot, current_snapshot
from adaptest.bank.uncertainty import with_covariance
from adaptest.engine.codec import to_json
from adaptest.engine.design import Design
from adaptest.engine.events import SittingStarted, stamped
from adaptest.engine.exposing import barred_for
from adaptest.engine.sitting import deal_pretest, start
from adaptest.engine.spec import build, read_exam
from adaptest.errors import BankFileError, ExamError, OptionError
from adaptest.exposure import Counters
from adaptest.store import artifacts, candidates, events, sittings, usage
from adaptest.store.bands import EXPOSURE
from adaptest.store.sittings import SittingRow
from adaptest.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from adaptest.administration.records import Records
    from adaptest.administration.sitting import Sitting

SEEDS = 2**64
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Exam:
    """One exam with everything its sittings run on.

    Attributes
    ----------
    about : titles, texts and policy
    design : what decides
    texts : item id -> what a candidate may be shown of it
    workspace : where it came from; its sittings are recorded there
    """

    about: About
    design: Design
    texts: Mapping[str, Mapping[str, Any]]
    workspace: Workspace

    @property
    def title(self) -> str:
        """What candidates call it."""
        return self.about.title

    @property
    def says(self) -> Sentences:
        """The sentences of its bank's language."""
        return sentences(self.about.language)

    @property
    def explains_each(self) -> bool:
        """Whether each answer is explained right after it was given."""
        return self.about.explanation == "after_each"

    @property
    def explains(self) -> bool:
        """Whether answers are explained at all, during or after the sitting."""
        return self.about.explanation != "none"

    def start(
        self,
        candidate: str | None = None,
        seed: int | None = None,
        *,
        accommodations: Mapping[str, float | str] | None = None,
        prior: tuple[float, float] | None = None,
        record: bool = True,
        records: Records | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Sitting:
        """Return a new sitting, committed to the workspace's database before anything is shown.

        Parameters
        ----------
        candidate : by name; items that this person has seen are left out while the pool allows. Without a
            name nobody is remembered
        seed : chosen chance, 0 .. 2**64 - 1; 64 bits from the operating system where not given
        accommodations : "time_multiplier", in [1, 10], reaches every limit and every break
        prior : mean and standard deviation of this person's own prior; the exam's where not given
        record : False keeps the sitting in memory only
        records : the open database, where the caller has it open
        clock : gives seconds since the sitting began, where the caller keeps the time

        Raises
        ------
        ExamError, where the exam draws its own seed, or may not run on provisional parameters.
        OptionError, where the seed, the name, the prior or an accommodation breaks its rule.
        SittingError, where the policy does not let this candidate begin now.
        """
        from adaptest.administration.sitting import Sitting

        _require_permitted(self.about)
        seed = _seed(self.about, seed)
        agreed = agreed_of(accommodations, prior)
        if not record:
            journal = MemoryJournal()
            log = journal.append([self._started(seed, (), {}, nothing_before(self.design), agreed)])
            name, named = candidate or "nobody", candidate is not None
            return Sitting(self, journal, log, name, named=named, owned=None, clock=clock)
        owned = None
        if records is None:
            from adaptest.administration.records import own_records

            records = owned = own_records(self.workspace, create=True)
        try:
            sitting, name = self._stored(records, candidate, seed, agreed)
            stored = StoredJournal(records.database, self.workspace.locks, sitting)
            named = candidate is not None
            return Sitting(self, stored, stored.events, name, named=named, owned=owned, clock=clock)
        except BaseException:
            if owned is not None:
                owned.close()
            raise

    def resume(self, sitting: str | None = None, *, candidate: str | None = None) -> Sitting:
        """Return an unfinished sitting of this exam to go on with, at the same item, as it was frozen then.

        Parameters
        ----------
        sitting : its id; the newest unfinished one where not given
        candidate : whose newest; without a name, of those who gave none

        Raises
        ------
        SittingError, where there is none, it is over, or another process runs it.
        StoreError, where the candidate is unknown.
        """
        from adaptest.administration.records import own_records

        records = own_records(self.workspace)
        try:
            chosen = sitting or records.unfinished(self.about.exam, candidate)
            return records.resume(chosen, exam=self.about.exam, owned=True)
        except BaseException:
            records.close()
            raise

    def lesson(self, name: str) -> str:
        """Return a lesson's Markdown, as the bank has it now."""
        return load_bank(self.workspace.bank / self.about.exam.partition("/")[0]).lesson(name).text

    def _stored(self, records: Records, candidate: str | None, seed: int, agreed: Agreed) -> tuple[str, str]:
        """Commit a new sitting with its first event, and return its id and whose it is."""
        at = now()
        with records.database.write() as connection:
            if candidate is None:
                name = pseudonym = candidates.register_unnamed(connection, at)
            else:
                name, pseudonym = candidate, candidates.register(connection, candidate, at)
            require_attempt(
                connection,
                self.design.policy.attempts,
                exam=self.about.exam,
                pseudonym=pseudonym,
                candidate=candidate,
                at=at,
            )
            shown = usage.shown(connection) if self.design.seeding else {}
            counters = counters_of(connection, self.about.exam, self.design)
            started = self._started(seed, usage.seen_by(connection, pseudonym), shown, counters, agreed)
            row = sittings.create(
                connection,
                pseudonym=pseudonym,
                exam=self.about.exam,
                facts=_freeze(connection, self),
                at=at,
            )
            events.append(connection, row.sitting, 0, [to_json(stamped(started, at))])
        LOG.info("sitting %s of %s begins", row.sitting, self.about.exam)
        return row.sitting, name

    def _started(
        self,
        seed: int,
        seen: tuple[str, ...],
        shown: Mapping[str, int],
        counters: Counters,
        agreed: Agreed,
    ) -> SittingStarted:
        """Return the first event: everything from outside that later choices depend on.

        Parameters
        ----------
        seen : items this person has seen
        shown : item -> how many sittings have shown it, where the exam deals pretest items
        counters : how often items were shown before, where the exam limits that
        agreed : what was agreed for this person
        """
        design = self.design
        excluded = _left_out(design, seen)
        barred = barred_for(design.controls, counters, seed, design.pool, excluded, design.runs_without)
        left = (*excluded, *barred.ineligible)
        pretest = deal_pretest(design, seed, shown=shown, seen=seen, barred=left)
        return start(
            design,
            seed,
            excluded=excluded,
            ineligible=barred.ineligible,
            pretest=pretest,
            accommodations=agreed.accommodations,
            prior=agreed.prior,
            barred_in_band=barred.barred_in_band,
            spared=barred.spared,
        )


def load_exam(name: str, workspace: Workspace | str | os.PathLike[str] | None = None) -> Exam:
    """Return an exam of the workspace, on the release in effect now.

    Parameters
    ----------
    name : bank/exam, such as "peer-support/practice"
    workspace : a workspace, or its folder; without one, ADAPTEST_WORKSPACE or the current folder

    Raises
    ------
    WorkspaceError, BankFileError, ExamError, where something that it needs is missing or cannot work.
    """
    where = workspace if isinstance(workspace, Workspace) else open_workspace(workspace)
    bank_name, _, exam_name = name.partition("/")
    if not exam_name or bank_name not in bank_names(where):
        raise ExamError(f"exam {name!r}: must be bank/exam, and one that 'adaptest exam list' shows")
    bank = load_bank(where.bank / bank_name)
    if exam_name not in bank.exams:
        raise ExamError(f"exam {name!r}: must be one that 'adaptest exam list' shows")
    return _exam(current_snapshot(bank, where.calibration, datetime.now(UTC)), exam_name, where)


@dataclass(frozen=True, slots=True)
class Listed:
    """One exam file of the workspace: the exam, or the sentence that says why it cannot run."""

    name: str
    exam: Exam | None
    problem: str


def every_exam(workspace: Workspace) -> tuple[tuple[Listed, ...], tuple[str, ...]]:
    """Return every exam of the workspace, and what its exams cannot use although it is to be shown.

    Raises
    ------
    BankFileError, where a bank itself, or its parameters, break their rules.
    """
    found: list[Listed] = []
    left_out: list[str] = []
    for bank_name in bank_names(workspace):
        bank = load_bank(workspace.bank / bank_name)
        snapshot = current_snapshot(bank, workspace.calibration, datetime.now(UTC))
        unscored = snapshot.pool.unscored.ids  # these need no parameters
        left_out += [
            f"bank {bank_name!r}: {one}; no exam uses it"
            for one in snapshot.left_out
            if one.item not in unscored
        ]
        for exam_name in sorted(bank.exams):
            name = f"{bank_name}/{exam_name}"
            try:
                found.append(Listed(name, _exam(snapshot, exam_name, workspace), ""))
            except ExamError as error:
                found.append(Listed(name, None, str(error)))
    return tuple(found), tuple(left_out)


def _exam(snapshot: Snapshot, exam_name: str, workspace: Workspace) -> Exam:
    """Return an exam of a bank's file on the bank's items and parameters."""
    file = snapshot.bank.exam(exam_name)
    read = read_exam(file.text, file.path, file.tuned, file.tables)
    pool, known = snapshot.pool, ""
    if read.spec.selection.parameter_uncertainty:
        pool, known = with_covariance(pool, snapshot.run)
    design = build(read, pool)
    texts = snapshot.item_texts
    require_cut(read, snapshot, workspace.bank / snapshot.bank.name / CUTS)
    about = about_of(f"{snapshot.bank.name}/{exam_name}", read.spec, snapshot, design, known)
    asked = (*design.pool.ids, *design.pool.unscored.ids)
    return Exam(about, design, {item: texts[item] for item in asked}, workspace)


def bank_names(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the workspace's banks."""
    if not workspace.bank.is_dir():
        raise BankFileError(f"folder '{workspace.bank}': must hold the item banks; got no such folder")
    return tuple(sorted(p.name for p in workspace.bank.iterdir() if (p / "bank.yaml").is_file()))


def exam_names(workspace: Workspace) -> tuple[str, ...]:
    """Return bank/exam of every exam file of the workspace."""
    banks = {name: load_bank(workspace.bank / name) for name in bank_names(workspace)}
    return tuple(f"{name}/{exam}" for name, bank in banks.items() for exam in sorted(bank.exams))


def thaw(connection: Connection, row: SittingRow, workspace: Workspace) -> Exam:
    """Return the exam that a sitting runs on, from what was stored when it began.

    Raises
    ------
    StoreError, where it is missing or was changed.
    """
    names = row.fixed["artifacts"]
    about = About.from_json(artifacts.get(connection, names["about"]))
    design = Design.from_artifact(
        artifacts.text(connection, names["design"]), artifacts.text(connection, names["pool"])
    )
    index = artifacts.get(connection, names["items"])
    bodies = artifacts.get_all(connection, list(index.values()))
    return Exam(about, design, {item: bodies[name] for item, name in index.items()}, workspace)


def _freeze(connection: Connection, exam: Exam) -> dict[str, Any]:
    """Store what a sitting runs on, each part once, and return the facts that name it."""
    names = {
        "about": artifacts.put(connection, "about", exam.about.to_json()),
        "design": artifacts.put_text(connection, "design", exam.design.artifact),
        "pool": artifacts.put_text(connection, "pool", exam.design.pool.artifact),
        "policy": artifacts.put(connection, "policy", exam.design.policy.to_json()),
        "items": artifacts.put(
            connection, artifacts.INDEX, artifacts.put_all(connection, "item_text", exam.texts)
        ),
    }
    facts = {"artifacts": names, "release": exam.about.release, "program": adaptest.__version__}
    counting = counting_of(exam.about.exam, exam.design)
    return facts if counting is None else {**facts, EXPOSURE: counting.fact()}


def _left_out(design: Design, seen: tuple[str, ...]) -> tuple[str, ...]:
    """Return the items seen before that can be left out, each that the rules allow, the latest seen first."""
    mine = tuple(reversed([item for item in seen if item in design.pool.row]))
    return _added(design, (), mine) if mine else ()


def _added(design: Design, barred: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Return `barred` with what of `more` the rules allow: all at once where that works, else by halves."""
    if design.can_run(barred + more):
        return barred + more
    if len(more) == 1:
        return barred
    half = len(more) // 2
    return _added(design, _added(design, barred, more[:half]), more[half:])


def _seed(about: About, chosen: int | None) -> int:
    """Return the seed: 64 bits from the operating system, or the one chosen where that is allowed."""
    if chosen is None:
        return secrets.randbits(64)
    if about.secure:
        raise ExamError(f"exam {about.exam!r}: is secure and draws its own seed; leave the seed out")
    if not 0 <= chosen < SEEDS:
        raise OptionError(f"seed must be in 0 .. 2**64 - 1; got {chosen}")
    return chosen


def _require_permitted(about: About) -> None:
    """Raise where a certification would rest on parameters that nobody measured."""
    if about.stakes == "certification" and about.provisional and not about.demo:
        raise ExamError(
            f"exam {about.exam!r}: is a certification and must run on calibrated parameters; release"
            f" {about.release} is provisional; publish a calibrated one, or say demo: true in the exam file"
        )
