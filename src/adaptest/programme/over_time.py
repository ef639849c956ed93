"""How far the items that moved were from the base in each administration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from adaptest.drift import score_shift
from adaptest.linking import Form
from adaptest.models.base import Floats
from adaptest.programme.candidate import Content
from adaptest.programme.moved import populations
from adaptest.programme.tables import blocks_of, subset


@dataclass(frozen=True, slots=True, eq=False)
class OverTime:
    """Shifts of location against the base by administration.

    Attributes
    ----------
    administrations : (T,) the oldest first
    x_b, se_b : by item (T,) logits; nan where an administration says nothing of it
    """

    administrations: tuple[str, ...]
    x_b: Mapping[str, Floats]
    se_b: Mapping[str, Floats]


def over_time(content: Content) -> OverTime | None:
    """Return the shifts of the items that moved, the largest first; None without any, or with one time only.

    One-step estimates at the base's values, see `adaptest.drift.few_answers.score_shift`: they need neither
    another calibration nor a gate. The persons of an administration are distributed as calibrated.
    """
    task, collection = content.task, content.collection
    moved = content.seen.moved if content.seen else None
    known = {item for block in task.base.covariance for item, _ in block.parameters}
    population = populations(content.record["groups"])
    times = tuple(name for name in collection.administrations if name in population)
    if moved is None or task.base.judged or len(times) < 2:  # noqa: PLR2004 (over time)
        return None
    size = {item: abs(moved.columns["x_b"][j]) for j, item in enumerate(moved.items)}
    items = sorted((item for item in moved.ids if item in known), key=lambda item: -size[item])
    if not items:
        return None
    base = Form.of(subset(task.base.table, task.calibrated), blocks_of(task.base.covariance, items))
    keep = collection.used & ~collection.log.pretest
    people = collection.responses(task.calibrated, keep).resolved()
    found = [score_shift(base, people, items, {name: population[name]}, moved=moved.ids) for name in times]
    return OverTime(
        times,
        {item: np.array([one.x_b[j] for one in found]) for j, item in enumerate(items)},
        {item: np.array([one.se_b[j] for one in found]) for j, item in enumerate(items)},
    )
