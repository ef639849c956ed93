"""Links from means and standard deviations: mean/mean, mean/geometric mean, mean/sigma."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from adaptest.errors import LinkingError
from adaptest.linking.anchors import Anchors
from adaptest.linking.sensitivity import Sensitivity
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.parameters.columns import columns_of

Moments = Literal["mean-mean", "mean-gmean", "mean-sigma"]


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Discriminations (J,) and locations (L,) of one form, with where each location comes from.

    `columns` are the parameters that a location is the sum of: one, or for rsm a difficulty and a step.
    """

    a: Floats
    b: Floats
    ids: tuple[str, ...]
    columns: tuple[tuple[str, tuple[str, ...]], ...]


def moments(
    common: Anchors, method: Moments
) -> tuple[float, float, Sensitivity, Sensitivity, tuple[str, ...]]:
    r"""Return A, B, how they move with FROM's and TO's parameters, and what to know, a sentence each.

    .. math:: A = \bar a_{FROM} / \bar a_{TO} \text{ or } s(b_{TO}) / s(b_{FROM}), \quad
              B = \bar b_{TO} - A\, \bar b_{FROM}

    Every threshold or step counts as a difficulty. Nominal items have neither and are left out.

    Raises
    ------
    LinkingError, where no anchor has a difficulty, or A cannot be had.

    References
    ----------
    Loyd & Hoover (1980), Journal of Educational Measurement 17(3), 179-193; Marco (1977), likewise 14(2),
    139-160; Mislevy & Bock (1990), BILOG 3 (geometric mean).
    """
    a, b = constants(common, method)
    ours, theirs = _side(common.from_items), _side(common.to_items)
    notes = []
    if left_out := len(common.ids) - len(ours.ids):
        notes.append(f"{left_out} nominal anchors have no difficulty and no part in {method}")
    if any(model in {"3pl", "4pl"} for model in common.to_items.models):
        notes.append(
            f"{method} is unstable where guessing is estimated: a and b of one item trade places with it; "
            "prefer stocking-lord"
        )
    from_, to = Sensitivity(), Sensitivity()
    sigma = method == "mean-sigma"
    for side, sign, into in ((ours, 1.0, from_), (theirs, -1.0, to)):
        mean = float(ours.b.mean())
        for item, rate in zip(side.ids, _rates_of_a(side, method), strict=True):
            by_a = 0.0 if common.shift_only or sigma else sign * a * rate
            into.put(item, "discrimination", (by_a, -mean * by_a))
        spread = ((side.b - side.b.mean()) ** 2).sum()
        for value, (item, columns) in zip(side.b, side.columns, strict=True):
            by_b = -sign * a * (value - side.b.mean()) / spread if sigma and not common.shift_only else 0.0
            own = -a / len(side.b) if side is ours else 1 / len(side.b)
            for name in columns:
                into.put(item, name, (by_b, own - mean * by_b))
    return a, b, from_, to, tuple(notes)


def constants(common: Anchors, method: Moments) -> tuple[float, float]:
    """Return A and B alone.

    Raises
    ------
    LinkingError, where no anchor has a difficulty, or A cannot be had.
    """
    ours, theirs = _side(common.from_items), _side(common.to_items)
    if not len(ours.b):
        raise LinkingError(f"{method} must have anchors with a difficulty; nrm has none; use stocking-lord")
    a = 1.0 if common.shift_only else _slope(ours, theirs, method)
    if not (np.isfinite(a) and a > 0):
        raise LinkingError(f"{method} must give A above 0; got {a:.6g}; use stocking-lord")
    return a, float(theirs.b.mean() - a * ours.b.mean())


def _slope(ours: _Side, theirs: _Side, method: Moments) -> float:
    if method == "mean-mean":
        return float(ours.a.mean() / theirs.a.mean())
    if method == "mean-gmean":
        if (ours.a * theirs.a <= 0).any():
            raise LinkingError("mean-gmean must have discriminations of one sign; use stocking-lord")
        return float(np.exp(np.log(ours.a / theirs.a).mean()))
    if np.ptp(ours.b) == 0 or np.ptp(theirs.b) == 0:
        raise LinkingError("mean-sigma must have anchors of different difficulty; use stocking-lord")
    return float(theirs.b.std() / ours.b.std())


def _rates_of_a(side: _Side, method: Moments) -> Floats:
    """Return (J,) the derivative of ln A in each discrimination of one side, up to its sign."""
    if method == "mean-mean":
        return np.full(len(side.a), 1 / side.a.sum())
    return 1 / (len(side.a) * side.a)


def _side(items: ItemParameters) -> _Side:
    columns = columns_of(items)
    rows = [row for row, model in enumerate(items.models) if model != "nrm"]
    values: list[float] = []
    where: list[tuple[str, tuple[str, ...]]] = []
    for row in rows:
        item, model = items.ids[row], items.models[row]
        for name in ("difficulty", "threshold", "step"):
            for k, value in enumerate(np.atleast_1d(columns[name][row]).tolist(), start=1):
                if np.isfinite(value):
                    own = name if name == "difficulty" else f"{name}_{k}"
                    values.append(value)
                    where.append((item, ("difficulty", own) if model == "rsm" else (own,)))
    return _Side(items.a[rows], np.array(values), tuple(items.ids[row] for row in rows), tuple(where))
