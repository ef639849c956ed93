"""Calibration without a latent distribution, as the same kind of result: conditional and joint likelihood."""

from __future__ import annotations

from typing import Literal

import numpy as np

from adaptest.calibration.conditional import conditional
from adaptest.calibration.em import Progress
from adaptest.calibration.joint import joint
from adaptest.calibration.method_a import method_a
from adaptest.calibration.options import DEFAULT_MODEL, Options
from adaptest.calibration.plan import tally
from adaptest.calibration.prepare import Prepared, prepare
from adaptest.calibration.result import CalibrationResult, CovarianceBlock, Step
from adaptest.errors import CalibrationError
from adaptest.models import LogisticItems, PartialCreditItems
from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.responses import Responses
from adaptest.responses.table import Policy

AlternativeModel = Literal["rasch", "pcm"]
CONDITIONAL = "conditional maximum likelihood"
JOINT = "joint maximum likelihood (a labelled extra: inconsistent for a fixed number of items)"


def calibrate_conditional(
    responses: Responses,
    model: AlternativeModel = "rasch",
    *,
    omitted: Policy = "wrong",
    not_reached: Policy = "not_presented",
    progress: Progress | None = None,
) -> CalibrationResult:
    """Return Rasch or partial credit parameters by conditional maximum likelihood, mean location 0.

    Persons with the lowest or the highest possible score say nothing here, and are counted in the notes.
    Missing responses must be missing by design: an adaptive design depends on the responses, and is not
    conditioned away (Eggen & Verhelst 2011, Psicothema 23(1), 124-132).

    Raises
    ------
    CalibrationError, where the model is another one, or no item has an answer to learn from.
    """
    ready, categories, status = _ready(responses, model, omitted, not_reached)
    used = np.flatnonzero([word == "estimated" for word in status])
    told = None if progress is None else lambda k, value, rest: progress(Step(k + 1, value, value, rest))
    fit = conditional(ready.responses.take_items(used), categories[used], told)
    names = [
        (ready.responses.items[item], "difficulty" if model == "rasch" else f"step_{k}")
        for item in used
        for k in range(1, categories[item])
    ]
    blocks = () if fit.covariance is None else (CovarianceBlock(tuple(names), fit.covariance),)
    extreme = _extreme_persons(ready.responses, categories)
    notes = [f"{extreme:g} persons with an extreme score carry no information here"] if extreme else []
    return _result(
        ready, model, categories, status, used, fit.step,
        se=None if fit.covariance is None else np.sqrt(np.diag(fit.covariance)),
        log_likelihood=fit.log_likelihood, converged=fit.converged, reason=fit.reason, history=fit.history,
        change=fit.gradient, covariance=blocks, positive=fit.covariance is not None, method=CONDITIONAL,
        notes=notes, options=Options(model=model, se="louis", omitted=omitted, not_reached=not_reached),
    )  # fmt: skip


def calibrate_joint(
    responses: Responses,
    model: AlternativeModel = "rasch",
    *,
    corrected: bool = True,
    omitted: Policy = "wrong",
    not_reached: Policy = "not_presented",
    progress: Progress | None = None,
) -> CalibrationResult:
    """Return Rasch or partial credit parameters by joint maximum likelihood, mean theta 0, without errors.

    Raises
    ------
    CalibrationError, where the model is another one, or no item has an answer to learn from.
    """
    ready, categories, status = _ready(responses, model, omitted, not_reached)
    used = np.flatnonzero([word == "estimated" for word in status])
    told = None if progress is None else lambda k, value, rest: progress(Step(k + 1, value, value, rest))
    fit = joint(ready.responses.take_items(used), categories[used], corrected=corrected, progress=told)
    note = (
        f"steps were multiplied by (J - 1) / J = {fit.correction:.6g}" if corrected else "uncorrected steps"
    )
    return _result(
        ready, model, categories, status, used, fit.step, se=None, log_likelihood=fit.log_likelihood,
        converged=fit.converged, reason=fit.reason, history=fit.history, change=fit.change, covariance=(),
        positive=None, method=JOINT, notes=[note],
        options=Options(model=model, se="none", omitted=omitted, not_reached=not_reached),
    )  # fmt: skip


def calibrate_method_a(
    responses: Responses, model: str = DEFAULT_MODEL, *, anchors: ItemParameters | ParameterTable
) -> CalibrationResult:
    """Return a quick look at new items, with the abilities from the anchors taken as known; flagged as that.

    It has no standard errors and no log-likelihood (nan) that could be believed; see `method_a`.

    Raises
    ------
    CalibrationError, if no anchor was answered or no new item can be estimated.
    """
    known = anchors.items if isinstance(anchors, ParameterTable) else anchors
    look = method_a(responses, known, model)
    ids = tuple(item for item in responses.items if item in look.items.row or item in known.row)
    new = [item for item in ids if item not in known.row]
    left_out = [item for item in responses.items if item not in ids]
    held = [known.row[item] for item in ids if item in known.row]
    both = (*look.items.blocks, *known.take(np.array(held, dtype=np.intp)).blocks)
    options = Options(model=model, se="none")
    data = responses.resolved(omitted=options.omitted, not_reached=options.not_reached)
    place = {item: j for j, item in enumerate(data.items)}
    counts = tally(data)[[place[item] for item in ids]]
    per_item = tuple(tuple(np.trim_zeros(row, "b").tolist()) for row in counts)
    notes = [f"items without enough to look at: {', '.join(left_out)}"] if left_out else []
    return CalibrationResult(
        item_ids=ids,
        items=ItemParameters(ids, both),
        models=ItemParameters(ids, both).models,
        se={},
        n=counts.sum(axis=1),
        n_per_category=per_item,
        basis=tuple("calibrated" if item in new else "anchored" for item in ids),
        status=tuple("estimated" if item in new else "anchored" for item in ids),
        flags=((),) * len(ids),
        largest_change=np.zeros(len(ids)),
        groups=(),
        latent=(),
        log_likelihood=np.nan,
        log_posterior=np.nan,
        converged=True,
        reason="each item's own maximum, theta held",
        information_positive_definite=None,
        iterations=0,
        history=(),
        covariance=(),
        covariance_kind="none",
        se_method="none",
        se_includes_anchor_error=None,
        grid=None,
        grid_check=None,
        flags_of_fit=("quick_look",),
        priors=("",) * len(ids),
        scaling_constant=1.0,
        options=options,
        notes=(*responses.notes, *notes),
        data=responses,
        method=look.label,
    )


def _ready(
    responses: Responses, model: str, omitted: Policy, not_reached: Policy
) -> tuple[Prepared, Rows, tuple[str, ...]]:
    """Return prepared responses, each item's categories, and what can be done with each item."""
    if model not in {"rasch", "pcm"}:
        raise CalibrationError(f"model must be rasch or pcm without a latent distribution; got {model!r}")
    ready = prepare(responses, omitted=omitted, not_reached=not_reached, unlabelled=True)
    cells = ready.responses.dense()
    categories = np.maximum(cells.max(axis=0, initial=0).astype(np.intp) + 1, 2)
    status = []
    for item, column in enumerate(cells.T):
        seen = np.unique(column[column >= 0])
        name = ready.responses.items[item]
        if model == "rasch" and seen.size and seen[-1] > 1:
            raise CalibrationError(f"item {name!r}: a rasch score must be 0 or 1; got {seen[-1]}; use pcm")
        if 1 < seen.size < categories[item]:
            gap = next(k for k in range(categories[item]) if k not in seen)
            raise CalibrationError(
                f"item {name!r}: category {gap} must be in use to be placed without a latent distribution;"
                " got no response in it; recode the scores, or use marginal maximum likelihood"
            )
        status.append("no_responses" if not seen.size else "extreme" if seen.size == 1 else "estimated")
    if status.count("estimated") < 2:  # noqa: PLR2004 (one item has nothing to be compared with)
        raise CalibrationError("at least two items must have scores in more than one category")
    return ready, categories, tuple(status)


def _extreme_persons(responses: Responses, categories: Rows) -> float:
    cells = responses.dense()
    score = np.where(cells >= 0, cells, 0).sum(axis=1)
    most = np.where(cells >= 0, categories - 1, 0).sum(axis=1)
    return float(responses.weight[(score == 0) | (score == most)].sum())


def _result(
    ready: Prepared,
    model: AlternativeModel,
    categories: Rows,
    status: tuple[str, ...],
    used: Rows,
    step: Floats,
    *,
    se: Floats | None,
    log_likelihood: float,
    converged: bool,
    reason: str,
    history: tuple[float, ...],
    change: Floats,
    covariance: tuple[CovarianceBlock, ...],
    positive: bool | None,
    method: str,
    notes: list[str],
    options: Options,
) -> CalibrationResult:
    ids = tuple(ready.responses.items[item] for item in used)
    one = np.ones(len(used))
    family = (
        LogisticItems(ids, one, step[:, 0], 0 * one, one, ("rasch",) * len(ids))
        if model == "rasch"
        else PartialCreditItems(ids, one, np.where(np.isnan(step), np.inf, step), ("pcm",) * len(ids))
    )
    errors: dict[str, Floats] = {}
    if se is not None:
        whole = np.full((len(status), int(categories.max()) - 1), np.nan)
        whole[
            np.repeat(used, categories[used] - 1),
            np.concatenate([np.arange(categories[j] - 1) for j in used]),
        ] = se
        errors = {"difficulty": whole[:, 0]} if model == "rasch" else {"step": whole}
    cells, weight = ready.responses.dense(), ready.responses.weight
    counts = [
        [float(weight[column == k].sum()) for k in range(size)]
        for column, size in zip(cells.T, categories, strict=True)
    ]
    all_change = np.zeros(len(status))
    all_change[used] = change
    return CalibrationResult(
        item_ids=ready.responses.items,
        items=ItemParameters.of(family),
        models=(model,) * len(status),
        se=errors,
        n=np.array([sum(row) for row in counts]),
        n_per_category=tuple(map(tuple, counts)),
        basis=("calibrated",) * len(status),
        status=status,
        flags=((),) * len(status),
        largest_change=all_change,
        groups=(),
        latent=(),
        log_likelihood=log_likelihood,
        log_posterior=log_likelihood,
        converged=converged,
        reason=reason,
        information_positive_definite=positive,
        iterations=len(history),
        history=tuple(Step(k, value, value, 0.0) for k, value in enumerate(history, start=1)),
        covariance=covariance,
        covariance_kind="full" if covariance else "none",
        se_method="conditional information" if covariance else "none",
        se_includes_anchor_error=None,
        grid=None,
        grid_check=None,
        flags_of_fit=ready.flags,
        priors=("",) * len(status),
        scaling_constant=1.0,
        options=options,
        notes=(*ready.notes, *notes),
        data=ready.given,
        n_parameters=int((categories[used] - 1).sum()) - 1,
        lowest_score=ready.lowest_score,
        method=method,
    )
