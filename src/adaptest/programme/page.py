"""report.html of a candidate: what its page needs, gathered from what the steps came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from adaptest.models.base import Bools, Floats
from adaptest.programme.candidate import Content, full_record, plain
from adaptest.programme.checks import Checked
from adaptest.programme.impact import summary
from adaptest.programme.over_time import OverTime, over_time
from adaptest.programme.tables import logistic_columns
from adaptest.report.recalibration_page import ItemRow, Page, page

Z95 = 1.959963984540054
FLIPS = 200  # changed decisions that the page lists; impact.csv has all


def page_of(content: Content) -> str:
    """Return the page of a candidate."""
    record = plain(full_record(content, b""))
    theta = _theta(content)
    released = content.table.items
    names = [item for item in content.collection.log.items if item in released.row]
    return page(
        Page(
            record=record,
            items=_rows(content),
            released=released.take(np.array([released.row[item] for item in names], dtype=np.intp)),
            base=content.task.base.table.items,
            responses=content.collection.responses(names, content.collection.used),
            theta=theta,
            cuts=tuple(
                sorted(
                    {
                        rule.cut
                        for rule in content.task.rules.values()
                        if rule.cut is not None and not rule.practice
                    }
                )
            ),
            impact=tuple(plain(row) for row in summary(content.task, content.collection, content.impacts)),
            flips=_flips(content),
            theta_old=content.impacts.theta_old,
            theta_new=content.impacts.theta_new,
            comparable=content.impacts.comparable,
            drift=_drift(content),
            drift_threshold=content.task.policy.drift.difficulty,
        )
    )


def _drift(content: Content) -> OverTime | None:
    """Return how the items that moved did so; nothing where the responses cannot be laid side by side."""
    return over_time(content) if content.impacts.comparable else None


def _theta(content: Content) -> Floats:
    """Return a theta for each sitting with used responses: the new one where it was scored, else nan."""
    collection, found = content.collection, content.impacts
    whole = np.full(len(collection.log.sittings), np.nan)
    whole[found.sitting] = np.where(np.isfinite(found.theta_new), found.theta_new, np.nan)
    theta: Floats = whole[np.unique(collection.log.sitting[_answered(content)])]
    return theta


def _answered(content: Content) -> Bools:
    """Return (n,) used responses to released items."""
    log = content.collection.log
    known = np.array([item in content.table.items.row for item in log.items], dtype=np.bool_)
    return content.collection.used & known[log.item]


def _flips(content: Content) -> tuple[Mapping[str, Any], ...]:
    """Return the sittings whose decision would change, those nearest the old cut last."""
    found, log = content.impacts, content.collection.log
    rows = []
    for k in np.flatnonzero(found.flips)[:FLIPS].tolist():
        sitting = int(found.sitting[k])
        moved = found.decision_parameters[k] != found.decision_old[k]
        rows.append(
            {
                "sitting": log.sittings[sitting],
                "exam": log.exams[log.exam[sitting]],
                "old": float(found.theta_old[k]),
                "new": float(found.theta_new[k]),
                "change": "fail to pass" if found.flips[k] > 0 else "pass to fail",
                "cause": "parameters" if moved else "rules",
                "unsupported": bool(found.unsupported[k]),
            }
        )
    return tuple(rows)


def _rows(content: Content) -> tuple[ItemRow, ...]:
    """Return a row an item that was decided, with old and new values and what each step saw."""
    told = content.seen
    screened, moved, checked = (told.screened, told.moved, told.checked) if told else (None, None, None)
    ids = [one.item for one in content.decisions]
    old, new = logistic_columns(content.task.base.table, ids), logistic_columns(content.table, ids)
    seen = {item: k for k, item in enumerate(screened.items)} if screened else {}
    drift = {item: k for k, item in enumerate(moved.items)} if moved else {}
    fit = {item: k for k, item in enumerate(checked.items)} if checked else {}
    dif = {row["item"]: row for row in checked.dif} if checked else {}
    rows = []
    for j, one in enumerate(content.decisions):
        k, d, f = seen.get(one.item), drift.get(one.item), fit.get(one.item)
        row = dif.get(one.item)
        rows.append(
            ItemRow(
                item=one.item,
                role=one.role,
                decision=one.decision,
                proposed=one.proposed,
                reason=one.reason,
                detail=one.detail,
                n=one.n,
                old=_interval(old, j) if not content.task.base.judged else "",
                new=_interval(new, j),
                p="" if screened is None or k is None else _number(screened.p[k]),
                r="" if screened is None or k is None else _number(screened.r[k]),
                options=() if screened is None or k is None else screened.options[k],
                key=content.task.items[one.item].key if one.item in content.task.items else "",
                drift="" if moved is None or d is None else moved.words(d),
                fit="" if checked is None or f is None else _fit(checked, f),
                misfit=bool(checked is not None and f is not None and checked.misfit[f]),
                dif="" if row is None else str(row["detail"]),
                dif_flagged=bool(row is not None and row["flagged"]),
            )
        )
    return tuple(rows)


def _fit(checked: Checked, f: int) -> str:
    """Return an item's fit in words."""
    if not np.isfinite(checked.infit[f]):
        return ""
    return f"infit {checked.infit[f]:.2f}, outfit {checked.outfit[f]:.2f}, RMSD {checked.rmsd[f]:.3f}"


def _interval(columns: Mapping[str, Any], j: int) -> str:
    """Return b and a with 95 % intervals."""
    if np.isnan(columns["b"][j]):
        return ""
    parts = []
    for name, se in (("b", "se_b"), ("a", "se_a")):
        value, error = columns[name][j], columns[se][j]
        half = f" ± {Z95 * error:.2f}" if np.isfinite(error) else ""
        parts.append(f"{name} {value:.2f}{half}")
    return ", ".join(parts)


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else ""
