"""Who agreed to a candidate, and to exactly which bytes of it."""

from __future__ import annotations

import getpass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from adaptest.bank.problems import shown_path, validated_json
from adaptest.bank.releases import Approval, utc
from adaptest.bank.schema import Record
from adaptest.errors import BankFileError, OptionError
from adaptest.files import readable_json, write_text
from adaptest.programme.candidate import APPROVALS, run_fingerprint
from adaptest.programme.policy import Approvals

FORMAT = "adaptest-approvals/1"


class ApprovalsFile(Record):
    """`approvals.json` of a candidate."""

    format: Literal["adaptest-approvals/1"]
    approvals: tuple[Approval, ...]


def account() -> str:
    """Return the account of the operating system that runs this program."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this user id
        return "unknown"


def read_approvals(folder: Path) -> tuple[Approval, ...]:
    """Return every approval that was given to a candidate, whether it still counts or not."""
    path = folder / APPROVALS
    if not path.is_file():
        return ()
    file, _ = validated_json(path, f"{shown_path(folder)}/{APPROVALS}", ApprovalsFile)
    return file.approvals


def add_approval(folder: Path, name: str, at: datetime) -> Approval:
    """Record that somebody approves a candidate as it is now, and return the approval.

    Raises
    ------
    OptionError, where no name is given.
    """
    if not name.strip():
        raise OptionError("--as must be a name; got nothing")
    rows: list[dict[str, Any]] = [{**one.model_dump(), "at": utc(one.at)} for one in read_approvals(folder)]
    new = {"name": name.strip(), "account": account(), "at": utc(at), "fingerprint": run_fingerprint(folder)}
    text = readable_json({"format": FORMAT, "approvals": [*rows, new]})
    approval = ApprovalsFile.model_validate_json(text).approvals[-1]
    write_text(folder / APPROVALS, text)
    return approval


def valid_approvals(folder: Path) -> tuple[Approval, ...]:
    """Return the approvals of the candidate as it is: an edit after one voids it; a name counts once."""
    now = run_fingerprint(folder)
    by_name = {one.name: one for one in read_approvals(folder) if one.fingerprint == now}
    return tuple(by_name.values())


def require_approved(folder: Path, rules: Approvals) -> tuple[Approval, ...]:
    """Return the approvals that count, enough of them by the policy.

    Raises
    ------
    BankFileError, where there are too few: said with what voids the others.
    """
    shown = shown_path(folder)
    given, good = read_approvals(folder), valid_approvals(folder)
    counted = good
    if not rules.same_account:
        counted = tuple({one.account: one for one in good}.values())
    if len(counted) >= rules.needed:
        return good
    void = len({one.name for one in given} - {one.name for one in good})
    because = []
    if void:
        because.append(f"{void} given before the candidate was edited")
    if len(counted) < len(good):
        because.append(f"{len(good) - len(counted)} more from the same account")
    extra = f" ({', '.join(because)})" if because else ""
    raise BankFileError(
        f"{shown}: must have {rules.needed} approval{'s' * (rules.needed > 1)} of what it holds now; got"
        f" {len(counted)}{extra}; approve it with 'adaptest release approve'"
    )
