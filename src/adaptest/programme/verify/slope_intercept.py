"""A fit in the form that other programs print: slopes and intercepts, with their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.calibration import CalibrationResult
from adaptest.models import GradedItems, LogisticItems, NominalItems
from adaptest.models.base import Floats

NAMES = {"guessing": "g", "upper_asymptote": "u"}


@dataclass(frozen=True, slots=True)
class Printed:
    """One item's numbers by name, and their standard errors where they are known."""

    value: dict[str, float]
    se: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class SlopeIntercept:
    """A fit as slopes a1 and intercepts d, d1, ...: P = g + (u - g) logistic(a1 theta + d), b = -d / a1.

    Attributes
    ----------
    items : one an item, in the fit's order
    covariance : (2J, 2J) of a and d of right-or-wrong items, item after item; None without errors
    """

    items: tuple[Printed, ...]
    covariance: Floats | None

    @classmethod
    def of(cls, fit: CalibrationResult) -> SlopeIntercept:
        """Return a fit's slopes and intercepts by the delta method."""
        block = fit.covariance[0] if fit.covariance else None
        place = {name: k for k, name in enumerate(block.parameters)} if block else {}
        whole: Floats | None = np.asarray(block.matrix) if block else None
        items, rows = [], []
        for item in fit.items.ids:
            one = fit.items.take(np.array([fit.items.row[item]])).blocks[0]
            names, values, own, jacobian = _numbers(one)
            value = dict(zip(names, values.tolist(), strict=True))
            places = [place.get((item, name)) for name in own]
            se: dict[str, float] = {}
            if whole is not None:
                wide = np.zeros((len(names), len(whole)))
                for column, where in enumerate(places):
                    if where is not None:
                        wide[:, where] = jacobian[:, column]
                variance = np.einsum("rp,pq,rq->r", wide, whole, wide)
                se = {n: float(np.sqrt(v)) for n, v in zip(names, variance, strict=True) if v > 0}
                rows.append(wide[:2])
            if isinstance(one, LogisticItems):
                value |= {"g": float(one.c[0]), "u": float(one.d[0])}
                if 0 < one.c[0] < 1:
                    value["logit(g)"] = float(np.log(one.c[0] / (1 - one.c[0])))
            items.append(Printed(value, se))
        covariance = None
        if whole is not None and rows:
            stacked = np.concatenate(rows)
            covariance = stacked @ whole @ stacked.T
        return cls(tuple(items), covariance)


def _numbers(one: object) -> tuple[list[str], Floats, list[str], Floats]:
    """Return printed names and values, our columns, and the derivatives of the first in the second."""
    if isinstance(one, NominalItems):
        slope, intercept = one.slope[0], one.intercept[0]
        top = len(slope) - 1
        scale = slope[top] / top
        names = ["a1", *(f"ak{k}" for k in range(1, top)), *(f"d{k}" for k in range(1, top + 1))]
        values = np.array([scale, *(slope[1:top] / scale), *intercept[1:]])
        own = [f"category_slope_{k}" for k in range(1, top + 1)]
        own += [f"category_intercept_{k}" for k in range(1, top + 1)]
        jacobian = np.zeros((len(names), 2 * top))
        jacobian[0, top - 1] = 1 / top
        for k in range(1, top):
            jacobian[k, k - 1], jacobian[k, top - 1] = 1 / scale, -slope[k] / scale / slope[top]
        jacobian[top:, top:] = np.eye(top)
        return names, values, own, jacobian
    a = float(one.a[0])  # type: ignore[attr-defined]  # every other family has a and b
    b = np.atleast_1d(one.b[0])  # type: ignore[attr-defined]
    b = b[np.isfinite(b)]
    if isinstance(one, LogisticItems):
        words, names = ["difficulty"], ["a1", "d"]
        sums = np.eye(1)
    else:
        word = "threshold" if isinstance(one, GradedItems) else "step"
        words = [f"{word}_{k}" for k in range(1, len(b) + 1)]
        names = ["a1", *(f"d{k}" for k in range(1, len(b) + 1))]
        added = one.models[0] in {"gpcm", "pcm"}  # type: ignore[attr-defined]
        sums = np.tril(np.ones((len(b), len(b)))) if added else np.eye(len(b))
    jacobian = np.zeros((1 + len(b), 1 + len(b)))
    jacobian[0, 0], jacobian[1:, 0], jacobian[1:, 1:] = 1, -sums @ b, -a * sums
    return names, np.array([a, *(-a * (sums @ b))]), ["discrimination", *words], jacobian
