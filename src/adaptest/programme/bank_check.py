"""The check of one bank of a workspace: files, items, bank-level tests, content against parameters, exams."""

from __future__ import annotations

from datetime import datetime

from adaptest.bank.files import bank_folder, read_bank
from adaptest.bank.lint.check import Report, check, file_findings
from adaptest.bank.overview import published
from adaptest.programme.exam_check import exam_findings
from adaptest.workspace import Workspace

PUBLISHED = "whether exams can run, and content against parameters"


def check_bank(workspace: Workspace, name: str, at: datetime) -> Report:
    """Return what is wrong or doubtful in a bank.

    Parameters
    ----------
    at : the moment whose release counts

    Raises
    ------
    BankFileError, where there is no bank of this name, or what was published is damaged.
    """
    bank, problems = read_bank(bank_folder(workspace.bank, name))
    if bank is None:
        why = "every other rule: the bank's files cannot be read as they are"
        return Report(name, 0, file_findings(problems, all_of_them=True), (), (why,))
    if problems:
        return check(bank, problems, None, (), (f"{PUBLISHED}: a file breaks its own rules",))
    snapshot = published(bank, workspace.calibration, at)
    left_out = () if snapshot else (f"{PUBLISHED}: no parameters are published",)
    return check(bank, problems, snapshot, tuple(exam_findings(bank, snapshot)), left_out)
