"""Responses made ready: codes scored, empty rows dropped, scores that start at 1 moved to 0, all said."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from adaptest.calibration.options import DENSE_FROM
from adaptest.errors import CalibrationError
from adaptest.models.base import Bools
from adaptest.responses import Responses, SparseRows
from adaptest.responses.checks import design_report
from adaptest.responses.table import NOT_PRESENTED, Policy


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Responses for a fit, the responses as they were given, what was done, and flags of the design.

    `lowest_score` is what the given scores are counted from.
    """

    responses: Responses
    given: Responses
    notes: tuple[str, ...]
    flags: tuple[str, ...]
    lowest_score: int = 0


def prepare(given: Responses, *, omitted: Policy, not_reached: Policy, unlabelled: bool) -> Prepared:
    """Return the responses ready for a fit.

    Parameters
    ----------
    unlabelled : whether scores that nowhere start at 0 may be counted from their lowest: not with anchors

    Raises
    ------
    CalibrationError, if nothing is left.
    """
    data, cells = given, given.cells
    if isinstance(cells, np.ndarray) and np.count_nonzero(cells != NOT_PRESENTED) < DENSE_FROM * cells.size:
        data = replace(data, cells=data.sparse())
    data = data.resolved(omitted=omitted, not_reached=not_reached)
    answered = _answered(data)
    if not answered.any():
        raise CalibrationError("the responses hold no scored answer; check the columns and the missing codes")
    complete = not data.is_sparse and bool((answered == len(data.items)).all())
    flags, notes = [], list(data.notes)
    if not complete:
        report = design_report(data)
        notes += report.sentences()
        if report.components > 1:
            flags.append("disconnected")
        elif report.weak_blocks or report.booklet_links:
            flags.append("weak_links")
    if not (answered > 0).all():
        data = data.take_persons(np.flatnonzero(answered > 0))
        notes.append(f"{int((answered == 0).sum())} persons without a scored answer dropped")
    data, dropped = _used_groups(data)
    notes += dropped
    scores = data.cells.score if isinstance(data.cells, SparseRows) else data.cells
    counted_from = 0
    lowest = int(scores[scores >= 0].min()) if not complete else int(scores.min())
    if unlabelled and lowest > 0 and scores.max() > 1:
        data, counted_from = data.lowered(lowest), lowest
        notes.append(f"no score is below {lowest} in any item: scores are counted from {lowest}")
    return Prepared(data, given, tuple(notes), tuple(flags), counted_from)


def _answered(data: Responses) -> np.ndarray:
    """Return (N,) number of scored answers."""
    if not isinstance(data.cells, SparseRows):
        return np.asarray((data.cells >= 0).sum(axis=1))
    scored = np.concatenate([[0], np.cumsum(data.cells.score >= 0)])
    return np.asarray(np.diff(scored[data.cells.start]))


def _used_groups(data: Responses) -> tuple[Responses, list[str]]:
    """Return the responses with only the groups that have persons."""
    used: Bools = np.bincount(data.group, minlength=len(data.groups)) > 0
    if used.all():
        return data, []
    place = np.cumsum(used) - 1
    kept = tuple(name for name, some in zip(data.groups, used, strict=True) if some)
    gone = [name for name, some in zip(data.groups, used, strict=True) if not some]
    return replace(data, group=place[data.group].astype(np.int32), groups=kept), [
        f"group {name!r} has no persons: dropped" for name in gone
    ]
