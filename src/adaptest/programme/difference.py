"""What changed from one release, or candidate, to another, item by item."""

from __future__ import annotations

from typing import Any

from adaptest.bank.releases import read_releases, read_run
from adaptest.bank.snapshot import read_parameters_of
from adaptest.errors import OptionError
from adaptest.parameters import ParameterTable
from adaptest.parameters.files import read_parameter_table
from adaptest.programme.candidate import PARAMETERS
from adaptest.programme.release import find_run
from adaptest.programme.tables import logistic_columns
from adaptest.workspace import Workspace


def difference(workspace: Workspace, bank: str, old: str, new: str) -> list[dict[str, Any]]:
    """Return a row for each item that was added, removed or changed.

    Raises
    ------
    OptionError, where a release's number is none; BankFileError, where a run is missing or altered.
    """
    before, after = (_table(workspace, bank, which) for which in (old, new))
    ids = list(dict.fromkeys((*before.items.ids, *after.items.ids)))
    one, other = logistic_columns(before, ids), logistic_columns(after, ids)
    rows = []
    for j, item in enumerate(ids):
        was, now = item in before.items.row, item in after.items.row
        same = was and now and all(_same(one[name][j], other[name][j]) for name in "abcd")
        if same:
            continue
        rows.append(
            {
                "item_id": item,
                "change": "changed" if was and now else ("added" if now else "removed"),
                "discrimination_from": _known(one["a"][j]),
                "discrimination_to": _known(other["a"][j]),
                "difficulty_from": _known(one["b"][j]),
                "difficulty_to": _known(other["b"][j]),
            }
        )
    return rows


def _table(workspace: Workspace, bank: str, which: str) -> ParameterTable:
    """Return the parameters of a release by its number, or of a candidate."""
    if not which.isdecimal():
        _, folder = find_run(workspace, bank, which)
        return read_parameter_table(folder / PARAMETERS)
    folder = workspace.calibration / bank
    releases = read_releases(folder)
    if not 1 <= int(which) <= len(releases):
        raise OptionError(f"release {which}: must be a release of {bank!r}, 1 to {len(releases)}")
    return read_parameters_of(read_run(folder, releases[int(which) - 1]))


def _same(one: float, other: float) -> bool:
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 (nan is not itself)


def _known(value: float) -> float | None:
    return float(value) if value == value else None  # noqa: PLR0124 (nan is not itself)
