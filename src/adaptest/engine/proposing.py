"""What criterion, content rules and picker choose next, for N sittings; for one, with plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adaptest.engine.batch import Sittings, chance, chance_of_one, draws
from adaptest.engine.choice import Choice, Picked
from adaptest.engine.narrowing import narrowed
from adaptest.engine.refusal import refused
from adaptest.models.base import Bools
from adaptest.numerics.random import Stream
from adaptest.selection import Candidates, shortlist
from adaptest.selection.shortlist import best

if TYPE_CHECKING:
    from adaptest.engine.design import Design


def propose(design: Design, sittings: Sittings, attempt: int, tests: Bools | None) -> Choice:
    """Return what criterion, content rules and picker choose, for the first time (0), the second, ..."""
    allowed, able_, open_, aside, answer = narrowed(design, sittings, tests)
    n, weighed = len(sittings), None if answer is None else answer.value
    quick = pick_of_one(design, sittings, open_, attempt) if n == 1 and weighed is None else None
    if quick is not None:
        item, found, drawn, drawn_tie = quick
        candidates, row = Candidates(found=found), np.array([item], dtype=np.intp)
        choice, tie = np.array([drawn]), np.array([drawn_tie])
    else:
        situation = design.situation(sittings, open_)
        criterion, bounds = design.criterion_at(sittings.length)
        size = design.picker.reach(sittings.length)
        if weighed is None:
            candidates = shortlist(criterion, bounds, situation, size)
        else:
            weighed = np.where(situation.eligible, weighed, -np.inf)
            candidates = best(weighed, weighed.shape[1] if size is None else size)
        if not candidates.rows.shape[1] or candidates.rows[:, 0].min(initial=0) < 0:
            raise refused(design, sittings, open_)
        if n == 1 or size is None or candidates.tied:
            choice, tie = chance(sittings.seed, sittings.length, attempt)
        else:  # no two are equal, so nothing is drawn among equals
            choice, tie = draws(sittings.seed, Stream.SELECTION, sittings.length, attempt), np.full(n, np.nan)
        row = candidates.rows[np.arange(n), design.picker(candidates, choice, tie, situation)]
    return Choice(
        row=row,
        allowed=allowed,
        able=able_,
        candidates=candidates,
        choice=choice,
        tie=tie,
        band_aside=aside,
        lottery_aside=np.zeros(n, dtype=np.bool_),
        passed_over=np.zeros((n, 0), dtype=np.intp),
        open=open_,
        answer=answer,
    )


def pick_of_one(design: Design, sittings: Sittings, eligible: Bools, attempt: int = 0) -> Picked | None:
    """Return what criterion and picker choose for one sitting, where plain numbers settle it.

    Parameters
    ----------
    eligible : (1, J) what may come next by the rules
    """
    length = sittings.length
    bounds, size = design.short_at.get(length) or design.short(length)
    if bounds is None or size is None:
        return None
    if design.strata is not None:
        eligible = design.strata.narrow(eligible, length)
    found = bounds.few(sittings.theta.item(), eligible.item, size)
    if found is None:
        return None
    choice, tie = chance_of_one(sittings.seed.item(), length, attempt)
    column = design.picker.of_one(found, length, choice, tie)
    return None if column is None else (found[column][1], found, choice, tie)
