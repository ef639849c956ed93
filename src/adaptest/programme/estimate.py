"""Step 5: fixed-parameter calibration of new items; failures are dropped and it runs again.

The calibrated items are held by id at the release's values, each administration is a group whose mean and
variance are free, and every response to a calibrated item is in it, not only those of persons who met a new
one: what an adaptive test leaves out is ignorable only then. Where the base is judged there is nothing to
hold: every item is free, and the persons' first attempts are the reference group, N(0, 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.calibration import CalibrationResult, CovarianceBlock, GroupMoments, calibrate
from adaptest.models.base import Bools
from adaptest.parameters import ParameterTable
from adaptest.programme.collect import Collection
from adaptest.programme.tables import blocks_of, subset
from adaptest.programme.task import Task
from adaptest.responses import Responses

FIRST, AGAIN = "first attempts", "later attempts"
FAILED = {  # a status or flag of calibration -> reason code of the decision
    "at_bound": "at_bound",
    "extreme": "extreme",
    "inestimable": "inestimable",
    "no_responses": "no_responses",
    "negative_discrimination": "negative_discrimination",
    "prior_conflict": "prior_conflict",
    "outside_grid": "outside_grid",
}


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """What a calibration in the loop came to.

    Attributes
    ----------
    table : the freely estimated items; None where there were none to estimate
    covariance : joint covariance of their errors
    dropped : item -> reason, in the order in which they were dropped
    rounds : calibrations that were run
    groups : the persons' distributions, by administration
    facts : numbers for the record
    """

    table: ParameterTable | None
    covariance: tuple[CovarianceBlock, ...]
    dropped: Mapping[str, str]
    rounds: int
    groups: tuple[GroupMoments, ...]
    facts: Mapping[str, object]


def estimate(
    task: Task,
    collection: Collection,
    free: Sequence[str],
    anchors: Sequence[str],
    keep: Bools,
    *,
    may_drop: Sequence[str],
) -> Estimates:
    """Return the free items' estimates with the anchors held.

    Parameters
    ----------
    free : items to estimate
    anchors : calibrated items to hold
    keep : (n,) responses that count
    may_drop : those of the free ones that are dropped where they fail, and the others run again

    Raises
    ------
    CalibrationError, where no anchor has responses.
    """
    wanted, rounds = list(free), 0
    dropped: dict[str, str] = {}
    while wanted:
        result = _fit(task, collection, wanted, anchors, keep)
        rounds += 1
        failed = {item: why for item, why in _failures(result).items() if item in wanted}
        out = {item: why for item, why in failed.items() if item in may_drop}
        if not out:
            return _found(result, wanted, dropped, rounds)
        dropped |= out
        wanted = [item for item in wanted if item not in out]
    return Estimates(None, (), dropped, rounds, (), {})


def data_of(task: Task, collection: Collection, items: Sequence[str], keep: Bools) -> Responses:
    """Return the responses to calibrate from: by administration, or for a judged base by attempt."""
    if not task.base.judged:
        return collection.responses(items, keep)
    attempts = np.where(collection.attempt == 1, 0, 1).astype(np.int32)
    return collection.responses(items, keep, groups=(FIRST, AGAIN), group=attempts)


def _fit(
    task: Task, collection: Collection, free: Sequence[str], anchors: Sequence[str], keep: Bools
) -> CalibrationResult:
    """Return one calibration."""
    order = [item for item in task.items if item in {*free, *anchors}]
    data = data_of(task, collection, order, keep)
    models = {item: _model(task, item) for item in free}
    if task.base.judged or not anchors:
        return calibrate(data, models)
    held = subset(task.base.table, [item for item in order if item in set(anchors)])
    models |= dict(zip(held.ids, held.models, strict=True))
    return calibrate(data, models, anchors=held, anchor_covariance=blocks_of(task.base.covariance, anchors))


def _model(task: Task, item: str) -> str:
    """Return an item's model: its own where it has calibrated parameters, else that of new items."""
    table = task.base.table
    if not task.base.judged and item in table.items.row:
        return table.models[table.ids.index(item)]
    return task.model


def _failures(result: CalibrationResult) -> dict[str, str]:
    """Return the items that cannot stay in a calibration, with the first reason of each."""
    found = {}
    for item, status, flags in zip(result.item_ids, result.status, result.flags, strict=True):
        for word in (status, *flags):
            if word in FAILED and item not in found:
                found[item] = FAILED[word]
    return found


def _found(
    result: CalibrationResult, free: Sequence[str], dropped: Mapping[str, str], rounds: int
) -> Estimates:
    estimated = [item for item in result.item_ids if item in set(free) and item in result.items.row]
    record: dict[str, object] = {
        "log_likelihood": result.log_likelihood,
        "log_posterior": result.log_posterior,
        "converged": result.converged,
        "reason": result.reason,
        "iterations": result.iterations,
        "information_positive_definite": result.information_positive_definite,
        "se_method": result.se_method,
        "se_includes_anchor_error": result.se_includes_anchor_error,
        "n_sittings": len(result.data),
        "n_responses": int(result.n.sum()),
        "n_parameters": result.n_parameters,
        "flags": list(result.flags_of_fit),
        "priors": {i: prior for i, prior in zip(result.item_ids, result.priors, strict=True) if prior},
        "grid": None if result.grid is None else [result.grid.lo, result.grid.hi, result.grid.n],
    }
    table = subset(result.table, estimated) if estimated else None
    covariance = blocks_of(result.covariance, estimated)
    return Estimates(table, covariance, dropped, rounds, result.groups, record)
