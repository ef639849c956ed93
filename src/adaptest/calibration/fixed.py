"""Anchors: items held at known values, in slopes and intercepts, with the covariance of their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from adaptest.calibration.plan import Anchor
from adaptest.calibration.result import CovarianceBlock
from adaptest.errors import CalibrationError
from adaptest.models import Family, GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters, ParameterTable

LOWEST_LOGIT = -700.0  # of an asymptote of 0 or 1
NUMBERED = ("threshold", "step", "category_slope", "category_intercept")


def anchors_of(
    names: Sequence[str],
    table: ItemParameters | ParameterTable,
    covariance: Sequence[CovarianceBlock],
    *,
    with_error: bool,
) -> dict[int, Anchor]:
    """Return the anchors among `names`, by row.

    Parameters
    ----------
    table : the anchors' parameters, by id; a ParameterTable brings their standard errors
    covariance : joint covariance of their errors, where it is known; it goes before standard errors
    with_error : whether errors are wanted at all
    """
    items = table.items if isinstance(table, ParameterTable) else table
    joint = _joint(covariance) if with_error else {}
    result = {}
    rows = {name: row for row, name in enumerate(names)}
    for block in items.blocks:
        for k, name in enumerate(block.ids):
            if name not in rows:
                continue
            psi, jacobian, columns = slope_intercept(block, k)
            matrix = joint.get(name)
            if matrix is None and with_error and isinstance(table, ParameterTable):
                matrix = _diagonal(table, name, columns)
            own = None if matrix is None else _ordered(matrix, columns, jacobian)
            model = _model(block, k)
            result[rows[name]] = Anchor(model, psi, int(block.categories[k]), own)
    return result


def require_met(names: Sequence[str], anchors: Mapping[int, Anchor], n: Floats) -> None:
    """Raise unless some anchor was answered: without that nothing ties the new items to the scale.

    Raises
    ------
    CalibrationError
    """
    if not anchors:
        raise CalibrationError(
            f"none of the anchors is among the {len(names)} items of the responses; "
            "match them by item id, or calibrate without anchors"
        )
    if not any(n[row] > 0 for row in anchors):
        first = names[min(anchors)]
        more = f" (and {len(anchors) - 1} more anchors)" if len(anchors) > 1 else ""
        raise CalibrationError(
            f"item {first!r}: an anchor must have responses; got none{more}; "
            "include the operational responses"
        )


def _model(block: Family, k: int) -> str:
    """Return the model whose mathematics the anchor needs: a 3PL with c = 0 is a 2PL."""
    if not isinstance(block, LogisticItems):
        return block.models[k]
    if block.d[k] < 1:
        return "4pl"
    return "3pl" if block.c[k] > 0 else "2pl"


def slope_intercept(block: Family, k: int) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return an item's slopes and intercepts, their derivatives in what is reported, and its columns."""
    if isinstance(block, LogisticItems):
        a, b, c, d = (float(column[k]) for column in (block.a, block.b, block.c, block.d))
        size = {"2pl": 2, "3pl": 3, "4pl": 4}[_model(block, k)]
        logit = [np.log(p / (1 - p)) if p > 0 else LOWEST_LOGIT for p in (c, min(d, 1 - 1e-16))]
        psi = np.array([a, -a * b, *logit])[:size]
        jacobian = np.zeros((4, 4))
        jacobian[0, 0], jacobian[1, 0], jacobian[1, 1] = 1, -b, -a
        jacobian[2, 2] = 1 / (c * (1 - c)) if c > 0 else 0
        jacobian[3, 3] = 1 / (d * (1 - d)) if d < 1 else 0
        names = ("discrimination", "difficulty", "guessing", "upper_asymptote")
        return psi, jacobian[:size, :size], names[:size]
    if isinstance(block, NominalItems):
        own = int(block.categories[k])
        psi = np.concatenate([block.slope[k, 1:own], block.intercept[k, 1:own]])
        words = [f"{word}_{h}" for word in ("category_slope", "category_intercept") for h in range(1, own)]
        return psi, np.eye(len(psi)), tuple(words)
    own = int(block.categories[k]) - 1
    slope, steps = float(block.a[k]), np.asarray(getattr(block, "b")[k, :own])  # noqa: B009 (not of Family)
    sums = np.tril(np.ones((own, own))) if isinstance(block, PartialCreditItems) else np.eye(own)
    jacobian = np.zeros((own + 1, own + 1))
    jacobian[0, 0], jacobian[1:, 0], jacobian[1:, 1:] = 1, -(sums @ steps), -slope * sums
    word = "threshold" if isinstance(block, GradedItems) else "step"
    columns = ("discrimination", *(f"{word}_{h}" for h in range(1, own + 1)))
    return np.concatenate([[slope], -slope * (sums @ steps)]), jacobian, columns


def _joint(covariance: Sequence[CovarianceBlock]) -> dict[str, dict[tuple[str, str], float]]:
    """Return each item's covariances by pairs of column names (between items they are not used)."""
    result: dict[str, dict[tuple[str, str], float]] = {}
    for block in covariance:
        places: dict[str, list[tuple[int, str]]] = {}
        for place, (item, column) in enumerate(block.parameters):
            places.setdefault(item, []).append((place, column))
        for item, own in places.items():
            result[item] = {(c1, c2): float(block.matrix[i, j]) for i, c1 in own for j, c2 in own}
    return result


def _diagonal(
    table: ParameterTable, name: str, columns: Sequence[str]
) -> dict[tuple[str, str], float] | None:
    """Return an anchor's error variances from its standard errors; None where it has none."""
    row = table.ids.index(name)
    result = {}
    for column in columns:
        word, _, number = column.rpartition("_")
        if word in NUMBERED:
            values = table.se.get(word)
            width = 0 if values is None else values.shape[1]
            se = (
                float(values[row, int(number) - 1]) if values is not None and int(number) <= width else np.nan
            )
        else:
            values = table.se.get(column)
            se = np.nan if values is None else float(values[row])
        if np.isfinite(se):
            result[column, column] = se**2
    return result or None


def _ordered(matrix: Mapping[tuple[str, str], float], columns: Sequence[str], jacobian: Floats) -> Floats:
    """Return the covariance in slopes and intercepts; what is not known counts as fixed."""
    values = np.array([[matrix.get((one, other), 0.0) for other in columns] for one in columns])
    return np.asarray(jacobian @ values @ jacobian.T)
