"""How the first items are chosen: easy ones first, or at random within a band of difficulty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from adaptest.engine.definition import Exam
from adaptest.engine.difficulty import difficulty
from adaptest.engine.parts import part
from adaptest.models.base import Bools
from adaptest.pool import Pool
from adaptest.selection import Criterion, Setting

START_BAND = "start_band"  # why an item may not be among the first


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """The first `items` of a sitting.

    Attributes
    ----------
    inside : (J,) the items of the band
    criterion : by which they are chosen; None for the exam's own
    """

    items: int
    inside: Bools
    criterion: Criterion | None

    def within(self, allowed: Bools, length: int) -> Bools:
        """Return (N, J) the allowed items of the band; all that are allowed where none is in it."""
        if length >= self.items:
            return allowed
        banded: Bools = allowed & self.inside
        return np.where(banded.any(axis=1, keepdims=True), banded, allowed)


def opening_of(
    exam: Exam, pool: Pool, setting: Setting, criteria: Mapping[str, type[Criterion]]
) -> Opening | None:
    """Return how the first items are chosen; None where they are chosen like the others.

    Raises
    ------
    ExamError, where no item is in the band, or the criterion is unknown.
    """
    said = exam.spec.selection.start
    if said is None:
        return None
    place = ("selection", "start")
    inside = np.ones(len(pool), dtype=np.bool_)
    if (band := said.difficulty) is not None:
        where = difficulty(pool.parameters)
        inside = (where >= band.low) & (where <= band.high)  # False where an item has none
        if not inside.any():
            raise exam.fault(
                (*place, "difficulty"),
                "selection.start.difficulty: must hold at least one item; got none from"
                f" {band.low:g} to {band.high:g}",
            )
    elif said.criterion is None:
        raise exam.fault(place, "selection.start: must have a difficulty or a criterion; got neither")
    criterion: Criterion | None = None
    if said.criterion is not None:
        criterion = part(exam, (*place, "criterion"), criteria, said.criterion)
        criterion.check(setting)
    return Opening(said.items, inside, criterion)
