r"""Items whose parameters are not known exactly, as criteria see them: expected response functions.

.. math:: \bar P_{jk}(\theta) = \int P_{jk}(\theta; \psi_j)\, p(\psi_j)\, d\psi_j

with the calibration's normal distribution of the item's parameters. A badly known item has a flatter curve,
and so less information: averaging the information itself would do the reverse, for it grows with the square
of the discrimination.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import exp, isfinite, log, log1p, sqrt

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats, Rows, sum_categories
from adaptest.parameters import ItemParameters
from adaptest.parameters.columns import build, columns_of
from adaptest.parameters.errors import ItemErrors, Matrix

POINTS = {1: (15,), 2: (7, 5), 3: (5, 3, 3), 4: (3, 3, 3, 3)}  # Gauss-Hermite, by how many parameters err
ROOM = 200_000  # points times thetas looked at in one go
MOST = 4  # parameters of an item that are integrated over; further ones are taken as known
ORDER = ("difficulty", "threshold", "step", "category_intercept", "category_slope", "discrimination")


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedItems:
    """J items with their response functions averaged over what their parameters may be.

    It has the mathematics of a family and stands for one block of items.

    Attributes
    ----------
    items : at their estimates
    points : the M items that these may be instead, one item's after another's
    weight : (M,) of each, summing to 1 over one item's
    counts : (J,) how many points each item has, at least one

    References
    ----------
    Mislevy, Wingersky & Sheehan (1994), Dealing with uncertainty about item parameters: expected response
    functions, ETS Research Report 94-28-ONR.
    """

    items: ItemParameters
    points: ItemParameters
    weight: Floats
    counts: Rows

    @property
    def ids(self) -> tuple[str, ...]:
        """The items' ids, in order."""
        return self.items.ids

    @property
    def models(self) -> tuple[str, ...]:
        """(J,) name of each item's model in files."""
        return self.items.models

    @property
    def a(self) -> Floats:
        """(J,) estimated discrimination, per logit."""
        return self.items.discrimination

    @property
    def categories(self) -> Rows:
        """(J,) number of score categories of each item."""
        return self.items.categories

    def _averaged(self, theta: Floats, function: Callable[[Floats, Floats], Floats]) -> Floats:
        """Return (Q, J, K) a function of theta and of the probabilities at the points, averaged."""
        at = theta if theta.ndim == 1 else np.repeat(theta, self.counts, axis=1)
        starts = np.cumsum(self.counts) - self.counts
        many = max(1, ROOM // max(len(self.weight), 1))
        parts = [
            np.add.reduceat(
                self.weight[:, None] * function(some, self.points.probability(some)), starts, axis=1
            )
            for some in (at[first : first + many] for first in range(0, len(at), many))
        ]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.ids), 0))

    def probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) expected category probabilities."""
        return self._averaged(theta, lambda _, p: p)

    def log_probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) their logarithms; -inf beyond an item's own categories."""
        p = self.probability(theta)
        return np.where(p > 0, np.log(np.where(p > 0, p, 1.0)), -np.inf)

    def log_slope(self, theta: Floats) -> Floats:
        """Return (Q, J, K) first derivative of the log expected probability in theta."""
        p = self.probability(theta)
        slope = self._averaged(theta, self._slope)
        return np.where(p > 0, slope / np.where(p > 0, p, 1.0), 0.0)

    def log_curvature(self, theta: Floats) -> Floats:
        """Return (Q, J, K) second derivative of the log expected probability in theta."""
        p = self.probability(theta)

        def bend(at: Floats, own: Floats) -> Floats:
            result: Floats = own * (self.points.log_slope(at) ** 2 + self.points.log_curvature(at))
            return result

        second = self._averaged(theta, bend) / np.where(p > 0, p, 1.0)
        return np.where(p > 0, second - self.log_slope(theta) ** 2, 0.0)

    def information(self, theta: Floats) -> Floats:
        """Return (Q, J) Fisher information about theta in the expected response."""
        p = self.probability(theta)
        slope = self._averaged(theta, self._slope)
        return sum_categories(slope**2 / np.where(p > 0, p, 1.0))

    def _slope(self, theta: Floats, own: Floats) -> Floats:
        """Return (Q, M, K) first derivative in theta of the probabilities at the points."""
        result: Floats = own * self.points.log_slope(theta)
        return result

    def take(self, rows: Rows) -> ExpectedItems:
        """Return the items at `rows`, in that order."""
        starts = np.cumsum(self.counts) - self.counts
        held = [np.arange(start, start + n) for start, n in zip(starts[rows], self.counts[rows], strict=True)]
        kept = np.concatenate([np.zeros(0, dtype=np.intp), *held])
        return ExpectedItems(
            self.items.take(rows), self.points.take(kept), self.weight[kept], self.counts[rows]
        )


def expected(items: ItemParameters, errors: ItemErrors) -> ItemParameters:
    """Return items as they are to be expected, given how well each is known.

    Discriminations are taken as lognormal with the estimate as their mean, asymptotes as logit-normal;
    points where thresholds would change places are left out. What has no error is taken as known.

    Raises
    ------
    OptionError, where an item has no standard error at all.
    """
    unknown = (
        [item for item, names in zip(items.ids, errors.names, strict=True) if not names]
        if len(errors)
        else list(items.ids)
    )
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise OptionError(
            "selection.parameter_uncertainty: every item must have a standard error in its release; got none"
            f" for item {unknown[0]!r}{more}; calibrate with standard errors, or leave it out"
        )
    columns = columns_of(items)
    drawn = [
        _points(_own(columns, row), names, matrix)
        for row, (names, matrix) in enumerate(zip(errors.names, errors.covariance, strict=True))
    ]
    counts = np.array([len(weights) for _, weights in drawn], dtype=np.intp)
    rows = np.repeat(np.arange(len(items)), counts)
    mine = {name: values[rows] for name, values in columns.items()}
    place = 0
    for values, weights in drawn:
        for k in range(len(weights)):
            for name, value in values[k].items():
                _put(mine, name, place, value)
            place += 1
    ids = tuple(f"{items.ids[row]} {k}" for k, row in enumerate(rows))
    points = build(ids, tuple(items.models[row] for row in rows), mine)
    weight = np.array([x for _, weights in drawn for x in weights])
    return ItemParameters(items.ids, (ExpectedItems(items, points, weight, counts),))


def _own(columns: dict[str, Floats], row: int) -> dict[str, float]:
    """Return one item's parameters, those by category with their number."""
    own: dict[str, float] = {}
    for name, values in columns.items():
        if values.ndim == 1:
            own[name] = float(values[row])
        else:
            own |= {f"{name}_{k + 1}": float(x) for k, x in enumerate(values[row]) if isfinite(x)}
    return own


def _put(columns: dict[str, Floats], name: str, row: int, value: float) -> None:
    """Set one item's parameter."""
    stem, _, number = name.rpartition("_")
    if number.isdecimal():
        columns[stem][row, int(number) - 1] = value
    else:
        columns[name][row] = value


def _points(
    own: dict[str, float], names: tuple[str, ...], matrix: Matrix
) -> tuple[list[dict[str, float]], list[float]]:
    """Return the values that an item's parameters take, and the weight of each."""
    free = sorted((n for n in names if _free(n, own)), key=_place)[:MOST]
    at = [names.index(name) for name in free]
    scale = [_scale(name, own[name]) for name in free]
    spread = [[matrix[j][k] * scale[a] * scale[b] for b, k in enumerate(at)] for a, j in enumerate(at)]
    root = _cholesky(spread)
    counts = POINTS.get(len(free), (5, *(3,) * (len(free) - 1)))
    rules = [np.polynomial.hermite_e.hermegauss(count) for count in counts[: len(free)]]
    values, weights = [], []
    for picked in product(*(range(len(rule[0])) for rule in rules)):
        z = [float(rule[0][k]) for rule, k in zip(rules, picked, strict=True)]
        shift = [sum(root[a][b] * z[b] for b in range(a + 1)) for a in range(len(free))]
        value = {name: _moved(name, own[name], shift[a], spread[a][a]) for a, name in enumerate(free)}
        if _in_order(own | value):
            values.append(value)
            weight = 1.0
            for rule, k in zip(rules, picked, strict=True):
                weight *= float(rule[1][k])
            weights.append(weight)
    total = sum(weights)
    return values, [weight / total for weight in weights]


def _place(name: str) -> tuple[int, str]:
    """Return where a parameter comes in the order of integration: those of place first."""
    stem = name.rstrip("0123456789").rstrip("_")
    return (ORDER.index(stem) if stem in ORDER else len(ORDER), name)


def _free(name: str, own: dict[str, float]) -> bool:
    """Return whether an item has the parameter, inside its bounds."""
    value = own.get(name, float("nan"))
    if name in ("guessing", "upper_asymptote"):
        return 0 < value < 1
    return isfinite(value)


def _scale(name: str, value: float) -> float:
    """Return what an error is multiplied by on the scale where it is taken as normal."""
    if name == "discrimination":
        return 1 / value
    return 1 / (value * (1 - value)) if name in ("guessing", "upper_asymptote") else 1.0


def _moved(name: str, value: float, shift: float, variance: float) -> float:
    """Return a parameter moved by `shift` on that scale."""
    if name == "discrimination":
        return value * exp(shift - variance / 2)
    if name in ("guessing", "upper_asymptote"):
        return 1 / (1 + exp(-(log(value) - log1p(-value) + shift)))
    return value + shift


def _in_order(values: dict[str, float]) -> bool:
    """Return whether thresholds ascend and the asymptotes do not cross."""
    thresholds = [x for _, x in sorted((n, x) for n, x in values.items() if n.startswith("threshold_"))]
    ascending: Bools = np.diff(thresholds) > 0
    return bool(ascending.all()) and not values.get("guessing", 0.0) >= values.get("upper_asymptote", 1.0)


def _cholesky(matrix: list[list[float]]) -> list[list[float]]:
    """Return the lower root of a covariance, by hand: the same bits on every machine; 0 where it is flat."""
    n = len(matrix)
    root = [[0.0] * n for _ in range(n)]
    for a in range(n):
        for b in range(a + 1):
            rest = matrix[a][b] - sum(root[a][k] * root[b][k] for k in range(b))
            if a == b:
                root[a][a] = sqrt(max(rest, 0.0))
            else:
                root[a][b] = rest / root[b][b] if root[b][b] > 0 else 0.0
    return root
