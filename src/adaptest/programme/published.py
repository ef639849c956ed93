"""What a release means for a bank's exams: which cannot run on it, and which pretest items it makes ready."""

from __future__ import annotations

from dataclasses import dataclass

from adaptest.bank.contents import Bank
from adaptest.bank.files import bank_named
from adaptest.bank.lint.finding import Finding
from adaptest.bank.releases import Release, read_run
from adaptest.bank.snapshot import JUDGED, PRETEST, read_parameters_of, take_snapshot
from adaptest.programme.exam_check import exam_findings
from adaptest.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a person has to see to after a release.

    Attributes
    ----------
    cannot_run : (exam, why) for each exam of the bank that no sitting could begin with these parameters
    ready : items with calibrated parameters whose file still says pretest: exams score an item by the status
        that its author gives it, so that nothing is scored before a person has said so
    """

    cannot_run: tuple[tuple[str, str], ...]
    ready: tuple[str, ...]


def meaning(workspace: Workspace, bank: str, release: Release) -> Meaning:
    """Return what a release means for the exams of its bank.

    Raises
    ------
    BankFileError, where the bank or the release's run cannot be read.
    """
    content: Bank = bank_named(workspace.bank, bank)
    table = read_parameters_of(run := read_run(workspace.calibration / bank, release))
    snapshot = take_snapshot(content, run, table)
    basis = dict(zip(table.ids, table.basis, strict=True))
    return Meaning(
        tuple(
            (one.exam, one.sentence)
            for one in exam_findings(content, snapshot)
            if isinstance(one, Finding) and one.code == "EX01"
        ),
        tuple(
            item.id
            for item in content.items
            if item.status == PRETEST and item.id in snapshot.pool.row and basis[item.id] not in ("", JUDGED)
        ),
    )
