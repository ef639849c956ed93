"""Approving, publishing, rolling back: what becomes of a candidate; nothing old is ever overwritten."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from adaptest import __version__
from adaptest.bank.files import bank_named
from adaptest.bank.problems import shown_path
from adaptest.bank.releases import (
    FILE,
    Approval,
    Release,
    current_release,
    publish,
    read_releases,
    read_run,
    utc,
)
from adaptest.bank.schema import NAME
from adaptest.engine.spec import read_exam
from adaptest.errors import BankFileError, OptionError, SittingError
from adaptest.files import canonical_json, new_folder, read_bytes, readable_json
from adaptest.parameters.files import read_parameter_table
from adaptest.programme.approvals import account, add_approval, require_approved
from adaptest.programme.candidate import (
    DECISIONS,
    ESTIMATES,
    PARAMETERS,
    PROVENANCE,
    PROVENANCE_FORMAT,
    Content,
    read_evidence,
    read_record,
    read_seen,
    write_candidate,
)
from adaptest.programme.decisions import (
    Decision,
    dropped,
    read_decisions,
    require_whole,
    table_of,
)
from adaptest.programme.impact import impact
from adaptest.programme.log import log_of_store
from adaptest.programme.page import page_of
from adaptest.programme.policy import Policy
from adaptest.programme.sources import bank_items, base_of, read_covariance, rule_of
from adaptest.programme.tables import blocks_of
from adaptest.programme.task import Task
from adaptest.store.locks import sole_use
from adaptest.workspace import Workspace

LOCKS = ".locks"
REVOCATION = "revocation"


@dataclass(frozen=True, slots=True)
class Approved:
    """What approving came to.

    Attributes
    ----------
    edited : items that the reviewer decided otherwise since the candidate was made; then parameters and
        impact were made again before the approval was recorded
    record : run.json as approved
    """

    approval: Approval
    edited: tuple[str, ...]
    record: Mapping[str, Any]


def find_run(workspace: Workspace, bank: str | None, run: str) -> tuple[str, Path]:
    """Return the bank and folder of a candidate: a folder, or a name below the bank's calibration folder.

    Raises
    ------
    BankFileError, where there is no such run, or it is of another bank.
    """
    folder = Path(run)
    if not folder.is_dir() and bank is not None and (workspace.calibration / bank / run).is_dir():
        folder = workspace.calibration / bank / run
    record = read_record(folder)
    if bank is not None and record["bank"] != bank:
        raise BankFileError(f"{shown_path(folder)}: must be of bank {bank!r}; got {record['bank']!r}")
    return str(record["bank"]), folder


def approve(workspace: Workspace, bank: str, folder: Path, name: str, at: datetime) -> Approved:
    """Record an approval of a candidate, its decisions validated and, where edited, carried out first.

    Raises
    ------
    BankFileError, where a decision is no word, misses an item or asks for a value that there is not; where
    the scale is in doubt; where the base is no longer the release in effect, or a file was altered.
    """
    record = read_record(folder)
    _require_no_event(folder, record)
    base_release = _require_current(workspace, bank, folder, record, at)
    made = tuple(
        Decision(item, role, word, reason, detail, word, n)
        for item, role, word, reason, detail, n in record["proposals"]
    )
    where = f"{shown_path(folder)}/{DECISIONS}"
    rows = read_decisions(folder / DECISIONS)
    require_whole(rows, made, where)
    by_item = {one.item: one for one in made}
    rows = tuple(replace(by_item[one.item], decision=one.decision, note=one.note) for one in rows)
    task = _task(workspace, bank, base_release, record)
    estimates = read_parameter_table(folder / ESTIMATES) if (folder / ESTIMATES).is_file() else None
    table = table_of(rows, task.base.table, estimates, record["scale_id"], where)
    edited = tuple(one.item for one in rows if record["decided"].get(one.item) != one.decision)
    if edited:
        _carry_out(folder, task, rows, record)
        record = read_record(folder)
    elif not _same(folder / PARAMETERS, table):
        raise BankFileError(
            f"{shown_path(folder)}/{PARAMETERS}: must be what the decisions make of base and estimates; it"
            f" was edited; change {DECISIONS} instead"
        )
    return Approved(add_approval(folder, name, at), edited, record)


def _require_no_event(folder: Path, record: Mapping[str, Any]) -> None:
    if events := record.get("scale_event"):
        raise BankFileError(
            f"{shown_path(folder)}: must have no scale event to be released; {events[0]}; find out why, and"
            " recalibrate"
        )


def _require_current(
    workspace: Workspace, bank: str, folder: Path, record: Mapping[str, Any], at: datetime
) -> Release:
    """Return the base release, which must be the one in effect, unaltered."""
    place = workspace.calibration / bank
    current = current_release(read_releases(place), at, bank=bank)
    base = record["base"]
    if current.number != base["release"] and current.run != base["run"]:
        raise BankFileError(
            f"{shown_path(folder)}: must be made from the release in effect, {current.number}"
            f" ({current.run}); it was made from {base['release']} ({base['run']}); recalibrate"
        )
    run = read_run(place, current)
    if hashlib.sha256(run.parameters).hexdigest() != base["parameters_sha256"]:
        raise BankFileError(
            f"{shown_path(folder)}: must be made from release {current.number} as it is; its parameters are"
            " others now; recalibrate"
        )
    return current


def _task(workspace: Workspace, bank: str, release: Release, record: Mapping[str, Any]) -> Task:
    """Return the task that a candidate was made from, without its responses."""
    run = read_run(workspace.calibration / bank, release)
    held = bank_named(workspace.bank, bank)
    base = base_of(run)
    rules = {exam: rule_of(read_exam(file.text, file.path).spec) for exam, file in held.exams.items()}
    policy = Policy.model_validate_json(canonical_json(record["policy"]))
    return Task(
        bank,
        base,
        bank_items(held, base),
        log_of_store((), {}, ""),
        policy,
        rules,
        version=str(record["version"]),
    )


def _carry_out(folder: Path, task: Task, rows: tuple[Decision, ...], record: dict[str, Any]) -> None:
    """Write a candidate again with other decisions: parameters, impact, record and report."""
    collection = read_evidence(folder)
    estimates = read_parameter_table(folder / ESTIMATES) if (folder / ESTIMATES).is_file() else None
    table = table_of(rows, task.base.table, estimates, record["scale_id"], DECISIONS)
    fresh = {
        one.item
        for one in rows
        if one.decision == "replace" or (one.decision == "accept" and one.role == "new")
    }
    kept = [item for item in table.items.ids if item not in fresh]
    covariance = (
        *blocks_of(task.base.covariance, kept),
        *blocks_of(read_covariance(folder, record), [item for item in table.items.ids if item in fresh]),
    )
    whole = replace(task, log=collection.log)
    impacts = impact(whole, collection, table, frozenset(dropped(rows)))
    seen = None if record["kind"] == REVOCATION else read_seen(folder)
    content = Content(whole, collection, rows, table, covariance, estimates, impacts, record, seen)
    provenance = read_bytes(folder / PROVENANCE) if (folder / PROVENANCE).is_file() else None
    approvals = folder / "approvals.json"
    given = read_bytes(approvals) if approvals.is_file() else None
    with new_folder(folder, force=True) as new:
        write_candidate(new, content, page_of(content))
        for name, data in ((PROVENANCE, provenance), ("approvals.json", given)):
            if data is not None:
                (new / name).write_bytes(data)


def _same(path: Path, table: Any) -> bool:
    """Return whether a parameter file holds exactly this table."""
    import tempfile

    from adaptest.parameters.files import write_parameter_table

    with tempfile.TemporaryDirectory() as folder:
        write_parameter_table(Path(folder) / PARAMETERS, table)
        return read_bytes(path) == (Path(folder) / PARAMETERS).read_bytes()


def publish_run(
    workspace: Workspace,
    bank: str,
    folder: Path,
    *,
    name: str | None,
    by: str | None,
    why: str,
    effective: datetime | None,
    at: datetime,
) -> Release:
    """Publish an approved candidate and return its release.

    Parameters
    ----------
    name : of the run below the bank's calibration folder; the candidate's folder name otherwise
    effective : since when exams use it; now otherwise

    Raises
    ------
    BankFileError, where it is not approved, was edited, is not made from the release in effect, or its name
    is taken; OptionError, where it would take effect in the past.
    """
    import re

    record = read_record(folder)
    _require_no_event(folder, record)
    _require_current(workspace, bank, folder, record, at)
    approvals = require_approved(
        folder, Policy.model_validate_json(canonical_json(record["policy"])).approvals
    )
    since = _not_past(effective, at)
    place = workspace.calibration / bank
    run = name or folder.resolve().name
    if not re.fullmatch(NAME, run):
        raise OptionError(f"--name must be one word of letters, digits, '-', '_' and '.'; got {run!r}")
    inside = (place / run).resolve() == folder.resolve()
    if (place / run).exists() and not inside:
        raise BankFileError(
            f"{shown_path(place)}/{run}: must not exist; runs are never overwritten; give --name"
        )
    with _alone(place):
        if not inside:
            with new_folder(place / run) as new:
                shutil.copytree(folder, new, dirs_exist_ok=True)
        return publish(
            place,
            run,
            scale_id=record["scale_id"],
            provisional=bool(record["provisional"]),
            effective=since,
            at=at,
            by=by or account(),
            why=why,
            approvals=approvals,
        )


def roll_back(
    workspace: Workspace,
    bank: str,
    number: int,
    *,
    by: str | None,
    why: str,
    effective: datetime | None,
    at: datetime,
) -> Release:
    """Publish an earlier release's run again and return the new release.

    Raises
    ------
    BankFileError, where there is no release of that number, or its run is missing or altered.
    """
    place = workspace.calibration / bank
    releases = read_releases(place)
    if not 1 <= number <= len(releases):
        raise BankFileError(
            f"bank {bank!r}: --to must be the number of a release, 1 to {len(releases)}; got {number}"
        )
    target = releases[number - 1]
    read_run(place, target)
    if current_release(releases, at, bank=bank).run == target.run:
        raise BankFileError(f"bank {bank!r}: release {number} ({target.run}) is in effect already")
    with _alone(place):
        return publish(
            place,
            target.run,
            scale_id=target.scale_id,
            provisional=target.provisional,
            effective=_not_past(effective, at),
            at=at,
            by=by or account(),
            why=why,
            action="rollback",
            approvals=target.approvals,
        )


def _not_past(effective: datetime | None, at: datetime) -> datetime:
    if effective is None:
        return at
    if effective < at:
        raise OptionError(
            f"--effective must not be in the past: sittings ran on another release then; got {utc(effective)}"
        )
    return effective


class _Alone:
    """One publisher at a time."""

    def __init__(self, place: Path) -> None:
        self._use = sole_use(place / LOCKS, "releases")

    def __enter__(self) -> None:
        try:
            self._use.__enter__()
        except SittingError:
            raise BankFileError(f"{FILE}: another process is publishing; try again when it is done") from None

    def __exit__(self, *error: object) -> None:
        self._use.__exit__(None, None, None)


def _alone(place: Path) -> _Alone:
    return _Alone(place)


def provenance(
    began: datetime, ended: datetime, command: Mapping[str, Any], seconds: Mapping[str, float]
) -> str:
    """Return provenance.json: the one file that differs between equal runs."""
    import platform

    return readable_json(
        {
            "format": PROVENANCE_FORMAT,
            "command": dict(command),
            "who": account(),
            "host": platform.node(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "version": __version__,
            "began": began.isoformat(),
            "ended": ended.isoformat(),
            "timings_s": {name: round(value, 3) for name, value in seconds.items()},
        }
    )
