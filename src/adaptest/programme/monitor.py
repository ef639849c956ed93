"""Between recalibrations: what each item does, and whether a signal says that somebody must look.

Residuals (observed less expected score over its standard deviation, at the sitting's own WLE) are summed in
order of time by two one-sided CUSUMs. With reference value k and limit h the mean run length without a change
is about (exp(2 k g) - 2 k g - 1) / (2 k^2), g = h + 1.166 (Siegmund 1985): 255,000 responses of an item at
the defaults, while a change of .3 standard deviations is seen after about h / (.3 - k) = 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adaptest.fit import residuals
from adaptest.models.base import Floats, Rows
from adaptest.programme.collect import Collection, collect
from adaptest.programme.gates import gate
from adaptest.programme.policy import Monitor
from adaptest.programme.screen import theta_of
from adaptest.programme.task import Task
from adaptest.scoring.matched import matched

COLUMNS = (
    "item_id", "role", "shown", "exposure_rate", "n", "mean_residual", "cusum_up", "cusum_down",
    "median_time_s", "time_change", "time_z", "pretest_n", "gate", "signals",
)  # fmt: skip
VARIANCE = 1e-6  # of a score: an answer more certain than this says nothing


@dataclass(frozen=True, slots=True)
class Watched:
    """What monitoring found: a row an item that was shown, and which of them signal."""

    rows: tuple[Mapping[str, Any], ...]
    signals: tuple[str, ...]


def monitor(task: Task) -> Watched:
    """Return what each item does, over all sittings that count.

    Raises
    ------
    ResponseFileError, where no response is left.
    """
    practice = frozenset(name for name, rule in task.rules.items() if rule.practice)
    wide = task.policy.collect.model_copy(update={"window": 10**6})
    collection = collect(task.log, wide, practice=practice, known=tuple(task.rules))
    log, rules = collection.log, task.policy.monitor
    sittings = max(len(np.unique(log.sitting[collection.used])), 1)
    shown = np.bincount(log.item[collection.used], minlength=len(log.items))
    volume = gate(collection, task.new, [task.model] * len(task.new), task.policy.gates, collection.used)
    waiting = {
        item: (int(n), int(need)) for item, n, need in zip(volume.items, volume.n, volume.needed, strict=True)
    }
    sums = _cusums(task, collection, rules)
    times = _times(collection, rules)
    rows: list[dict[str, Any]] = []
    said: list[str] = []
    for k, item in enumerate(log.items):
        if not shown[k]:
            continue
        found, signals = sums.get(item, _NOTHING), []
        if found["cusum_up"] > rules.cusum_h:
            signals.append("easier")
        if found["cusum_down"] > rules.cusum_h:
            signals.append("harder")
        middle, change, z = times.get(item, (None, None, None))
        if change is not None and z is not None and abs(change) > rules.time_change and abs(z) > rules.time_z:
            signals.append("faster" if change < 0 else "slower")
        rate = float(shown[k] / sittings)
        if rules.exposure is not None and rate > rules.exposure:
            signals.append("overexposed")
        count, need = waiting.get(item, (None, None))
        if count is not None and need is not None and count >= need:
            signals.append("gate_reached")
        rows.append(
            {
                "item_id": item,
                "role": "new" if item in waiting else "operational",
                "shown": int(shown[k]),
                "exposure_rate": rate,
                **found,
                "median_time_s": middle,
                "time_change": change,
                "time_z": z,
                "pretest_n": count,
                "gate": need,
                "signals": signals,
            }
        )
        said += [f"{item}: {word}" for word in signals if word != "gate_reached"]
    return Watched(tuple(rows), tuple(said))


_NOTHING: Mapping[str, Any] = {"n": 0, "mean_residual": None, "cusum_up": 0.0, "cusum_down": 0.0}


def _cusums(task: Task, collection: Collection, rules: Monitor) -> dict[str, Mapping[str, Any]]:
    """Return each calibrated item's residuals, summed in order of time; nothing on a judged base."""
    held = task.calibrated
    if not held:
        return {}
    table = task.base.table.items
    items = table.take(np.array([table.row[item] for item in held], dtype=np.intp))
    keep = collection.used & ~collection.log.pretest
    theta = theta_of(collection, items, keep)
    people = collection.responses(items.ids, keep)
    place = {sitting: k for k, sitting in enumerate(collection.log.sittings)}
    own = np.array([place[one] for one in people.persons], dtype=np.intp)
    found = residuals(matched(items, people), theta[own])
    order = _order(collection)[own]
    result: dict[str, Mapping[str, Any]] = {}
    for row, cells in found.data.by_item():
        good = found.valid[cells] & (found.variance[cells] > VARIANCE)
        z = (found.raw[cells] / np.sqrt(np.maximum(found.variance[cells], VARIANCE)))[good]
        if not z.size:
            continue
        z = z[np.argsort(order[found.data.person[cells][good]], kind="stable")]
        result[items.ids[row]] = {
            "n": int(z.size),
            "mean_residual": float(z.mean()),
            "cusum_up": cusum(z, rules.cusum_k),
            "cusum_down": cusum(-z, rules.cusum_k),
        }
    return result


def cusum(z: Floats, k: float) -> float:
    """Return the highest point of the one-sided sum max(0, S + z - k).

    References
    ----------
    Page (1954), Biometrika 41(1-2), 100-115.

    Examples
    --------
    >>> cusum(np.array([1.0, -3.0, 1.0, 1.0]), 0.5)
    1.0
    """
    steps = np.concatenate([[0.0], np.cumsum(z - k)])
    return float((steps - np.minimum.accumulate(steps)).max())


def _order(collection: Collection) -> Rows:
    """Return (S,) each sitting's place in time: by when it began, else as the file goes."""
    first = np.argsort(np.array(collection.log.at), kind="stable")
    order = np.empty(len(first), dtype=np.intp)
    order[first] = np.arange(len(first))
    return order


def _times(collection: Collection, rules: Monitor) -> dict[str, tuple[float, float, float]]:
    """Return each item's median time, and how ln(time) of its last responses differs from the others."""
    log = collection.log
    rows = np.flatnonzero(collection.used & np.isfinite(log.time_s) & (log.time_s > 0))
    rows = rows[np.lexsort((_order(collection)[log.sitting[rows]], log.item[rows]))]
    result: dict[str, tuple[float, float, float]] = {}
    if not rows.size:
        return result
    codes, first = np.unique(log.item[rows], return_index=True)
    for code, mine in zip(codes, np.split(rows, first[1:]), strict=True):
        values = np.log(log.time_s[mine])
        cut = int(len(values) * (1 - rules.time_recent))
        old, new = values[:cut], values[cut:]
        if min(len(old), len(new)) < rules.time_minimum:
            continue
        change = float(new.mean() - old.mean())
        error = float(np.sqrt(old.var(ddof=1) / len(old) + new.var(ddof=1) / len(new)))
        z = change / error if error > 0 else 0.0
        result[log.items[code]] = (float(np.median(log.time_s[mine])), change, z)
    return result
