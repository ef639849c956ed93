"""Step 9: one decision an item, with its reason; a reviewer edits the file, and it is validated."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adaptest.bank.problems import shown_path
from adaptest.errors import BankFileError
from adaptest.files import read_text
from adaptest.parameters import ParameterTable
from adaptest.programme.tables import Row, merged

ACCEPT, REPLACE, HOLD, REJECT, RETIRE, KEY_FIX = "accept", "replace", "hold", "reject", "retire", "key-fix"
WORDS = (ACCEPT, REPLACE, HOLD, REJECT, RETIRE, KEY_FIX)
COLUMNS = ("item_id", "role", "decision", "reason", "detail", "proposed", "n", "note")

REASONS = {
    "estimated": "new; its estimates pass every gate",
    "base_value": "calibrated; keeps the value of the base release",
    "rarely_used": "calibrated, too few responses to be estimated anew; keeps the value of the base release",
    "drift": "moved since the base release; re-estimated with the others held",
    "drift_imprecise": "moved since the base release, and its new value is below a gate",
    "drift_few": "moved since the base release, and too few responses to re-estimate it",
    "below_gate": "too few responses for its model",
    "imprecise": "its standard errors are above the gate",
    "no_responses": "nobody has answered it in the window",
    "p_low": "too few answer it right",
    "p_high": "nearly everybody answers it right",
    "r_low": "its score hardly goes with theta of the operational items",
    "distractor": "a distractor goes with theta more than the key",
    "negative_discrimination": "better persons do worse on it",
    "prior_conflict": "its discrimination is 3 SD off its prior",
    "at_bound": "its estimate is on the edge of the parameter space",
    "extreme": "every response in one category",
    "inestimable": "no finite estimate",
    "outside_grid": "its difficulty lies outside the quadrature nodes",
    "content_undecided": "its content changed, and nobody has said whether it is another question",
    "retired": "retired in the bank",
    "revoked": "revoked",
    "draft": "a draft",
}
KEY_REASONS = frozenset({"distractor", "negative_discrimination", "prior_conflict"})


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one item.

    Attributes
    ----------
    role : operational (it has calibrated parameters) or new
    reason : code of REASONS; detail : its numbers
    proposed : the word before anybody edited
    n : valid responses in the window
    """

    item: str
    role: str
    decision: str
    reason: str
    detail: str
    proposed: str
    n: int
    note: str = ""


def decisions_csv(rows: Sequence[Decision]) -> str:
    """Return decisions.csv."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in rows:
        table.writerow(
            [one.item, one.role, one.decision, one.reason, one.detail, one.proposed, one.n, one.note]
        )
    return out.getvalue()


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """Return a decisions file as a reviewer left it.

    Raises
    ------
    BankFileError, with file, line, item, and the word or column that is not as it must be.
    """
    shown = shown_path(path)
    table = csv.DictReader(io.StringIO(read_text(path, error=BankFileError)))
    missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
    if missing:
        raise BankFileError(
            f"{shown}:1: must have a column {missing[0]!r}; restore the header as it was written"
        )
    rows = []
    for cells in table:
        where = f"{shown}:{table.line_num}: item {cells['item_id']!r}"
        word = (cells["decision"] or "").strip()
        if word not in WORDS:
            raise BankFileError(f"{where}: decision must be one of {', '.join(WORDS)}; got {word!r}")
        count = (cells["n"] or "").strip()
        if not count.isdecimal():
            raise BankFileError(f"{where}: n must be the number that was written; got {count!r}")
        names = ("item_id", "role", "reason", "detail", "proposed", "note")
        texts = {name: cells[name] or "" for name in names}
        rows.append(
            Decision(
                item=texts["item_id"],
                role=texts["role"],
                decision=word,
                reason=texts["reason"],
                detail=texts["detail"],
                proposed=texts["proposed"],
                n=int(count),
                note=texts["note"],
            )
        )
    return tuple(rows)


def require_whole(rows: Sequence[Decision], made: Sequence[Decision], where: str) -> None:
    """Raise unless a decisions file decides each item that was proposed, once, and no other.

    Parameters
    ----------
    made : the rows as the recalibration wrote them
    """
    got = Counter(one.item for one in rows)
    wanted = {one.item for one in made}
    for word, odd in (
        ("must be decided; its row is missing", [item for item in wanted if item not in got]),
        ("must be an item of this candidate; take its row out", [item for item in got if item not in wanted]),
        ("must be decided once; got several rows", [item for item, n in got.items() if n > 1]),
    ):
        if odd:
            more = f" (and {len(odd) - 1} more items)" if len(odd) > 1 else ""
            raise BankFileError(f"{where}: item {min(odd)!r}: {word}{more}")


def table_of(
    rows: Sequence[Decision],
    base: ParameterTable,
    estimates: ParameterTable | None,
    scale_id: str,
    where: str,
) -> ParameterTable:
    """Return the parameters of a release that decides so.

    Parameters
    ----------
    base : the base release's values, of items that may keep theirs
    estimates : values that may be accepted or put in place

    Raises
    ------
    BankFileError, where a decision asks for a value that there is not.
    """
    chosen: dict[str, Row] = {}
    new = estimates.items.row if estimates is not None else {}
    for one in rows:
        keeps = one.role == "operational"
        if one.decision == REPLACE or (one.decision == ACCEPT and not keeps):
            if one.item not in new or estimates is None:
                others = "hold, reject, retire or key-fix"
                remedy = f"accept, {others}" if keeps else others
                raise BankFileError(
                    f"{where}: item {one.item!r}: must have an estimate to be decided {one.decision!r}; got"
                    f" none; choose {remedy}"
                )
            chosen[one.item] = Row(estimates, "calibrated", "estimated")
        elif one.decision == ACCEPT:
            judged = base.basis[base.ids.index(one.item)] == "judged"
            chosen[one.item] = Row(base, *(("judged", "at_prior") if judged else ("anchored", "anchored")))
        else:
            word = one.decision.replace("-", "_")
            flags = () if one.decision == HOLD else (word,)
            chosen[one.item] = Row(None, "", "held", flags, float(one.n))
    return merged(chosen, scale_id)


def changed(rows: Sequence[Decision]) -> Mapping[str, tuple[str, str]]:
    """Return item -> (proposed, decided) where a reviewer decided otherwise."""
    return {one.item: (one.proposed, one.decision) for one in rows if one.proposed != one.decision}


def dropped(rows: Sequence[Decision]) -> tuple[str, ...]:
    """Return the items that had calibrated parameters and have none in this release."""
    gone = {HOLD, REJECT, RETIRE, KEY_FIX}
    return tuple(one.item for one in rows if one.role == "operational" and one.decision in gone)
