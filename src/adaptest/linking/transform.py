"""Parameters, tables and covariances on another scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from adaptest.calibration.result import CovarianceBlock
from adaptest.errors import LinkingError
from adaptest.linking.anchors import UNIT_FIXED, Form
from adaptest.linking.link import Link
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.parameters.columns import BY_CATEGORY, build, columns_of

FREED = {"rasch": "1pl", "pcm": "gpcm", "rsm": "gpcm"}  # what a model with slope 1 is on another unit
MOVED = ("difficulty", "threshold", "step")
SCALED = ("discrimination", "category_slope")


def transform(items: ItemParameters, A: float, B: float) -> ItemParameters:
    r"""Return items on the scale of theta* = A theta + B: the same curves, read at the moved theta.

    .. math:: a^* = a / A, \quad b^* = A b + B, \quad c^* = c, \quad d^* = d

    Thresholds and steps move as difficulties do; a nominal intercept by its slope: gamma - alpha B / A.
    A Rasch item on another unit has a common slope that is not 1, and is written as 1pl (pcm and rsm as
    gpcm).

    Raises
    ------
    LinkingError, unless A is finite and above 0 and B finite.

    Examples
    --------
    >>> from adaptest.models import LogisticItems
    >>> moved = transform(ItemParameters.of(LogisticItems(("i1",), [1.0], [0.5], [0.2], [1.0])), 2.0, -1.0)
    >>> moved.a, moved.blocks[0].b
    (array([0.5]), array([0.]))
    """
    if not (np.isfinite(A) and A > 0 and np.isfinite(B)):
        raise LinkingError(f"A must be finite and above 0, and B finite; got A = {A}, B = {B}")
    columns = columns_of(items)
    for name in MOVED:
        columns[name] = A * columns[name] + B
    columns["category_intercept"] = columns["category_intercept"] - columns["category_slope"] * B / A
    for name in SCALED:
        columns[name] = columns[name] / A
    models = items.models if A == 1 else tuple(FREED.get(model, model) for model in items.models)
    return build(items.ids, models, columns)


def transform_table(table: ParameterTable, link: Link, scale_id: str) -> ParameterTable:
    """Return FROM's table on TO's scale; its standard errors take the link's constants as known.

    `transform_covariance` says how far the link's own error goes; the table's columns do not hold it,
    because it is one error that all items share.
    """
    items = transform(table.items, link.A, link.B)
    se = {}
    for name, values in table.se.items():
        rate = link.A if name in MOVED else 1 / link.A if name in SCALED else 1.0
        se[name] = values * rate
    slope = table.se.get("category_slope")
    if slope is not None and "category_intercept" in se:
        se["category_intercept"] = _intercept_errors(table, link)
    model = dict(zip(items.ids, items.models, strict=True))
    return replace(
        table,
        items=items,
        models=tuple(model.get(item, word) for item, word in zip(table.ids, table.models, strict=True)),
        se=se,
        scale_id=(scale_id,) * len(table.ids),
    )


def _intercept_errors(table: ParameterTable, link: Link) -> Floats:
    """Return errors of moved nominal intercepts, slope and intercept taken as uncorrelated."""
    slope, intercept = table.se["category_slope"], table.se["category_intercept"]
    return np.hypot(intercept, slope * link.B / link.A)


def transform_covariance(form: Form, link: Link, to_form: Form | None = None) -> tuple[CovarianceBlock, ...]:
    r"""Return the covariance of FROM's parameters on TO's scale.

    .. math:: \Sigma^* = L \Sigma_{FROM} L' + D S \Sigma_{TO} S' D'

    L holds what a parameter moves with its own estimate and, through A and B, with every anchor's.

    Parameters
    ----------
    form : FROM, as it was linked
    to_form : TO, as it was linked; without it A and B count as known

    Returns
    -------
    One block for each of FROM's; with `to_form`, covariances between blocks that come from the shared
    constants are left out.
    """
    models = dict(zip(form.items.ids, form.items.models, strict=True))
    values = parameter_values(form.items)
    every = link.to_sensitivity.covariance(to_form.covariance) if to_form is not None else np.zeros((2, 2))
    whole = link.from_sensitivity.covariance(form.covariance) if to_form is not None else np.zeros((2, 2))
    result = []
    for block in form.covariance:
        own, by_constants = _moves(block, link, models, values)
        matrix = own @ block.matrix @ own.T
        if to_form is not None:
            crossed = own @ block.matrix @ link.from_sensitivity.over(block).T @ by_constants.T
            matrix = matrix + crossed + crossed.T + by_constants @ (whole + every) @ by_constants.T
        result.append(CovarianceBlock(block.parameters, matrix))
    return tuple(result)


def _moves(
    block: CovarianceBlock,
    link: Link,
    models: Mapping[str, str],
    values: Mapping[tuple[str, str], float],
) -> tuple[Floats, Floats]:
    """Return (p, p) derivatives of the moved parameters in their own, and (p, 2) in A and B."""
    place = {key: k for k, key in enumerate(block.parameters)}
    own, by_constants = np.eye(len(place)), np.zeros((len(place), 2))
    for (item, name), k in place.items():
        if (item, name) not in values:  # a group's mean or variance stays where it is
            continue
        stem, value = base_name(name), values[item, name]
        if stem in SCALED:
            own[k, k], by_constants[k, 0] = 1 / link.A, -value / link.A**2
        elif stem in MOVED:
            about = stem == "step" and models[item] == "rsm"  # steps about a difficulty only stretch
            own[k, k], by_constants[k] = link.A, (value, 0.0 if about else 1.0)
        elif stem == "category_intercept":
            slope = item, name.replace("intercept", "slope")
            if slope in place:
                own[k, place[slope]] = -link.B / link.A
            by_constants[k] = values[slope] * link.B / link.A**2, -values[slope] / link.A
    return own, by_constants


def base_name(name: str) -> str:
    """Return a column's name without its category."""
    stem, _, number = name.rpartition("_")
    return stem if number.isdecimal() and stem in BY_CATEGORY else name


def parameter_values(items: ItemParameters) -> dict[tuple[str, str], float]:
    """Return each reported parameter's value; rsm as a difficulty, the mean step, and steps about it."""
    result: dict[tuple[str, str], float] = {}
    columns = columns_of(items)
    for name, column in columns.items():
        for row, cells in enumerate(column):
            for k, value in enumerate(np.atleast_1d(cells).tolist(), start=1):
                if np.isfinite(value):
                    result[items.ids[row], f"{name}_{k}" if name in BY_CATEGORY else name] = value
    for row, model in enumerate(items.models):
        if model == "rsm":
            steps = columns["step"][row]
            mean = float(np.nanmean(steps))
            result[items.ids[row], "difficulty"] = mean
            for k, value in enumerate(steps[np.isfinite(steps)].tolist(), start=1):
                result[items.ids[row], f"step_{k}"] = value - mean
    return result


def require_movable(items: ItemParameters, A: float) -> tuple[str, ...]:
    """Return what becomes of models whose slope is 1 by definition where A is not 1, a sentence each."""
    changed = [model for model in UNIT_FIXED if model in items.models]
    if A == 1 or not changed:
        return ()
    return tuple(
        f"{model} items have slope {1 / A:.6g} on the new scale, and are written as {FREED[model]}"
        for model in changed
    )
