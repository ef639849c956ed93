"""The record of a choice: enough to check it, and to recompute everything else."""

from __future__ import annotations

from math import isfinite

import numpy as np

from adaptest.engine.batch import Sittings
from adaptest.engine.choice import Choice
from adaptest.engine.design import Design
from adaptest.engine.events import Decision, Estimated
from adaptest.engine.exposing import ELIGIBILITY, LOTTERY
from adaptest.engine.planning import planned_of
from adaptest.engine.refusal import why_not
from adaptest.engine.state import State
from adaptest.models.base import Bools

OTHER_STRATUM = "other_stratum"  # why an item may not be chosen
LISTED = 10  # candidates written into a decision record; the rest is counted, and `explain` recomputes it


def decision_of(state: State, design: Design, choice: Choice) -> Decision:
    """Return the record of a choice."""
    batch, candidates = state.batch, choice.candidates
    found = candidates.found
    own, chosen = len(found), [row for _, row in found].index(choice.row.item())
    listed = [*range(min(own, LISTED)), *([chosen] if chosen >= LISTED else [])]
    ids = design.pool.ids
    theta, sem = state.theta, state.sem
    within = _within(design, batch, choice)
    available = int(np.count_nonzero(batch.available))
    return Decision(
        Estimated(
            design.interim.method,
            theta if isfinite(theta) else None,
            sem if isfinite(sem) else None,
            state.outcome,
        ),
        tuple([(ids[found[k][1]], -found[k][0]) for k in listed]),
        own - len(listed),
        float(choice.choice[0]),
        float(choice.tie[0]),
        available if within is batch.available else int(np.count_nonzero(within)),
        _ruled_out(state, design, choice, available),
        design.next_stop(batch.length),
        band=None if choice.band is None else int(choice.band[0]),
        passed_over=tuple([ids[row] for row in choice.passed_over[0].tolist()]),
        content=planned_of(choice.answer, design.pool),
        waived=ELIGIBILITY if choice.band_aside[0] else LOTTERY if choice.lottery_aside[0] else "",
        notes=_notes(batch.length, design, choice),
    )


def _within(design: Design, batch: Sittings, choice: Choice) -> Bools:
    """Return (1, J) what the criterion chose among: of what is open, what the strata leave."""
    return choice.open if design.strata is None else design.strata.narrow(choice.open, batch.length)


def _notes(length: int, design: Design, choice: Choice) -> tuple[str, ...]:
    """Return what the selection could not do as its words say."""
    note = design.strata.note(length, int(choice.row[0])) if design.strata else ""
    return (note,) if note else ()


def _ruled_out(state: State, design: Design, choice: Choice, left: int) -> tuple[tuple[str, int], ...]:
    """Return how many items each reason bars, each item counted for its first reason.

    Parameters
    ----------
    left : how many items are available
    """
    available = state.batch.available
    counts = {
        "administered": len(state.administered),
        "excluded": len(state.excluded),
        "ineligible": len(state.ineligible),
        "withdrawn": len(state.withdrawn),
        "drawn_out": len(state.drawn_out),
    }
    barred = len(design.pool) - left
    counts["enemy"] = barred - sum(counts.values())
    over = choice.passed_over[0]
    counts["drawn_out"] += len(over)
    if choice.allowed is not available:
        closed = available[0] & ~choice.allowed[0]
        closed[over] = False
        counts |= why_not(design, state.batch, closed)
    if choice.able is not choice.allowed:
        counts["ineligible_here"] = int(np.count_nonzero(choice.allowed & ~choice.able))
    if choice.open is not choice.able:
        counts["not_planned"] = int(np.count_nonzero(choice.able & ~choice.open))
    if design.strata is not None:
        within = _within(design, state.batch, choice)
        counts[OTHER_STRATUM] = int(np.count_nonzero(choice.open & ~within))
    return tuple((reason, count) for reason, count in counts.items() if count)
