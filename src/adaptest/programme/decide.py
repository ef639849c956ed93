"""What steps 3 to 7 say of each item, as one proposal with its reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.programme.collect import Collection
from adaptest.programme.decisions import (
    ACCEPT,
    HOLD,
    KEY_FIX,
    KEY_REASONS,
    REJECT,
    REPLACE,
    RETIRE,
    Decision,
)
from adaptest.programme.estimate import Estimates
from adaptest.programme.gates import Gated, precise
from adaptest.programme.moved import Moved
from adaptest.programme.screen import Screened
from adaptest.programme.task import Task

OPERATIONAL, NEW = "operational", "new"


@dataclass(frozen=True, slots=True)
class _Seen:
    """Where each item stands in each step's columns."""

    screened: dict[str, int]
    gated: dict[str, int]
    operational: dict[str, int]
    moved: dict[str, int]


def propose(
    task: Task,
    collection: Collection,
    gated: Gated,
    operational: Gated,
    screened: Screened,
    first: Estimates,
    moved: Moved,
    final: Estimates,
) -> tuple[Decision, ...]:
    """Return one decision an item, in the bank's order; drafts that never had parameters have none."""
    n = dict(zip(task.items, collection.count(tuple(task.items), collection.used).tolist(), strict=True))
    estimated = () if final.table is None else final.table.ids
    precision: dict[str, tuple[bool, str]] = {}
    if final.table is not None:
        fine, short = precise(final.table, estimated, task.policy.gates)
        precision = {item: (bool(ok), why) for item, ok, why in zip(estimated, fine, short, strict=True)}
    seen = _Seen(
        *({item: k for k, item in enumerate(step.items)} for step in (screened, gated, operational, moved))
    )
    calibrated = frozenset(task.calibrated)
    rows = []
    for item, one in task.items.items():
        known = item in task.base.table.items.row and not task.base.judged
        role = OPERATIONAL if item in calibrated or (known and one.status == "retired") else NEW
        if one.status == "draft" and not known:
            continue
        if one.status == "retired":
            if not known:
                continue
            word, reason, detail = RETIRE, "retired", ""
        elif one.standing == "undecided" and known:
            word, reason, detail = HOLD, "content_undecided", ""
        elif item in calibrated:
            word, reason, detail = _operational(item, operational, screened, moved, precision, seen)
        else:
            word, reason, detail = _new(item, task, gated, screened, first, final, precision, seen)
        rows.append(Decision(item, role, word, reason, detail, word, int(n[item])))
    return tuple(rows)


def _operational(
    item: str,
    operational: Gated,
    screened: Screened,
    moved: Moved,
    precision: dict[str, tuple[bool, str]],
    seen: _Seen,
) -> tuple[str, str, str]:
    """Return decision, reason and detail of a calibrated item."""
    j, k = seen.moved.get(item), seen.screened.get(item)
    if k is not None and "distractor" in screened.flags[k]:
        return KEY_FIX, "distractor", _options(screened, k)
    if j is not None and moved.flagged[j]:
        detail = moved.words(j)
        if item in moved.by_score:
            return HOLD, "drift_few", f"{detail}; {operational.n[seen.operational[item]]} responses"
        if item not in precision:
            return HOLD, "drift_imprecise", f"{detail}; no new estimate"
        ok, why = precision[item]
        return (REPLACE, "drift", detail) if ok else (HOLD, "drift_imprecise", f"{detail}; {why}")
    volume = operational.n[seen.operational[item]]
    if j is None or item in moved.by_score:
        return ACCEPT, "rarely_used", f"{volume} scored responses in the drift window"
    return ACCEPT, "base_value", ""


def _new(
    item: str,
    task: Task,
    gated: Gated,
    screened: Screened,
    first: Estimates,
    final: Estimates,
    precision: dict[str, tuple[bool, str]],
    seen: _Seen,
) -> tuple[str, str, str]:
    """Return decision, reason and detail of an item that has no parameters that hold."""
    if item not in seen.gated or gated.n[seen.gated[item]] == 0:
        return HOLD, "no_responses", ""
    if not gated.met[seen.gated[item]]:
        return HOLD, "below_gate", gated.why(item, task.policy.gates.per_category)
    if item in precision:
        ok, why = precision[item]
        return (ACCEPT, "estimated", "") if ok else (HOLD, "imprecise", why)
    reason = final.dropped.get(item) or first.dropped.get(item)
    k = seen.screened[item]
    if reason is None:
        order = ("distractor", "r_low", "p_low", "p_high")
        reason = next((word for word in order if word in screened.flags[k]), "inestimable")
    detail = (
        _options(screened, k) if reason == "distractor" else f"p {screened.p[k]:.2f}, r {screened.r[k]:.2f}"
    )
    return (KEY_FIX if reason in KEY_REASONS else REJECT), reason, detail


def _options(screened: Screened, k: int) -> str:
    """Return key and strongest distractor with their correlations."""
    if not screened.options[k]:
        return ""
    key, *others = screened.options[k]
    best = max(others, key=lambda one: one[2] if np.isfinite(one[2]) else -np.inf)
    return f"key {key[0]} r {key[2]:.2f}, distractor {best[0]} r {best[2]:.2f}"
