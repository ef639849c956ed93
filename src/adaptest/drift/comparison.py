"""J items' free estimates, put on the base scale, beside the base's, with the error of their difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from adaptest.calibration.result import CovarianceBlock
from adaptest.linking import Form, Link
from adaptest.linking.sensitivity import Sensitivity
from adaptest.linking.transform import transform
from adaptest.models.base import Floats
from adaptest.numerics.quadrature import Grid
from adaptest.parameters import ItemParameters
from adaptest.parameters.columns import columns_of

ROBUST = 0.74  # an interquartile range times this is a normal standard deviation

# item -> derivatives by column of the parameter table
Gradients = tuple[Mapping[str, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    r"""What changed between the base and now, for J items.

    A polytomous item's location is the mean of its thresholds or steps; a nominal one's is where its top
    category and category 0 are equally likely, and its discrimination the top category's slope.

    Attributes
    ----------
    ids : (J,)
    x_b : (J,) :math:`A\,b_{free} + B - b_{base}`, logits of the base
    x_a : (J,) :math:`\ln(a_{free} / A) - \ln a_{base}`; nan where the signs differ
    se_b, se_a : (J,) their standard errors: those of both calibrations and of the link, with covariances
    z_b, z_a : (J,) Wald: the difference over its error; nan where a model fixes the parameter
    rmsd : (J,) root mean squared difference of the two expected scores, each from 0 to 1, over the density
    displacement : (J,) logits that the base's item would have to move for its expected score to be the
        observed one on average: Winsteps' DISPLACE, with the free curve as what was observed
    robust_z, robust_z_a : (J,) (x - median) / (.74 IQR)
    """

    ids: tuple[str, ...]
    x_b: Floats
    x_a: Floats
    se_b: Floats
    se_a: Floats
    rmsd: Floats
    displacement: Floats

    @property
    def z_b(self) -> Floats:
        """(J,) Wald z of the location."""
        return _ratio(self.x_b, self.se_b)

    @property
    def z_a(self) -> Floats:
        """(J,) Wald z of the log discrimination."""
        return _ratio(self.x_a, self.se_a)

    @property
    def robust_z(self) -> Floats:
        """(J,) of the location.

        References
        ----------
        Huynh & Meyer (2010), Practical Assessment, Research & Evaluation 15(2).
        """
        return robust_z(self.x_b)

    @property
    def robust_z_a(self) -> Floats:
        """(J,) of the log discrimination."""
        return robust_z(self.x_a)


def robust_z(x: Floats) -> Floats:
    """Return (x - median) / (.74 IQR); 0 where x does not vary.

    Examples
    --------
    >>> robust_z(np.array([0.0, 1.0, 2.0, 3.0, 14.0])).round(3)
    array([-1.351, -0.676,  0.   ,  0.676,  8.108])
    """
    known = x[np.isfinite(x)]
    if not known.size:
        return np.full_like(x, np.nan)
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    spread = ROBUST * (high - low)
    return (x - middle) / spread if spread > 0 else np.where(np.isfinite(x), 0.0, np.nan)


def locations(items: ItemParameters, ids: tuple[str, ...]) -> Floats:
    """Return (J,) the location of each named item, on the items' own scale."""
    return features(items.take(np.array([items.row[item] for item in ids], dtype=np.intp)))[0]


def compare(free: Form, base: Form, ids: tuple[str, ...], link: Link, density: Grid) -> Comparison:
    """Return the comparison of named items under a link.

    Parameters
    ----------
    density : nodes and weights of the people who answered, on the base scale
    """
    rows, base_rows = ([form.items.row[item] for item in ids] for form in (free, base))
    ours, theirs = free.items.take(np.array(rows)), base.items.take(np.array(base_rows))
    location, log_a, by_location, by_log_a = features(ours)
    base_location, base_log_a, base_by_location, base_by_log_a = features(theirs)
    a = link.A
    ones = np.ones(len(ids))
    to_constants = np.stack([location, ones], axis=1)  # d x_b / d (A, B)
    by_a = np.stack([np.full(len(ids), -1 / a), np.zeros(len(ids))], axis=1)  # d x_a / d (A, B)
    free_part = _Part(ids, free.covariance, link.from_sensitivity)
    base_part = _Part(ids, base.covariance, link.to_sensitivity)
    var_b = free_part.variance(by_location, a, to_constants)
    var_b += base_part.variance(base_by_location, -1.0, to_constants)
    var_a = free_part.variance(by_log_a, 1.0, by_a) + base_part.variance(base_by_log_a, -1.0, by_a)
    fixed = np.array([not one and not other for one, other in zip(by_log_a, base_by_log_a, strict=True)])
    x_a = np.where(ours.a * theirs.a > 0, log_a - np.log(a) - base_log_a, np.nan)
    rmsd, displacement = _curves(transform(ours, link.A, link.B), theirs, density)
    return Comparison(
        ids=ids,
        x_b=a * location + link.B - base_location,
        x_a=x_a,
        se_b=_error(var_b),
        se_a=np.where(fixed, np.nan, _error(var_a)),
        rmsd=rmsd,
        displacement=displacement,
    )


def _curves(now: ItemParameters, base: ItemParameters, density: Grid) -> tuple[Floats, Floats]:
    """Return RMSD and displacement.

    References
    ----------
    Linacre (2023), A user's guide to Winsteps: displacement is the sum of residuals over the sum of
    variances, the first Newton step of the difficulty.
    """
    w = np.exp(density.log_weight)[:, None]
    theta = density.theta
    apart = now.expected_score(theta) - base.expected_score(theta)
    rmsd = np.sqrt((w * (apart / (base.categories - 1)) ** 2).sum(axis=0))
    p = base.probability(theta)
    slope = (p * base.log_slope(theta) * np.arange(p.shape[-1])).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        displacement = -(w * apart).sum(axis=0) / (w * slope).sum(axis=0)
    return rmsd, displacement


def features(items: ItemParameters) -> tuple[Floats, Floats, Gradients, Gradients]:
    """Return location and ln |a| of each item, and how they move with its reported parameters."""
    columns = columns_of(items)
    location, log_a = np.empty(len(items)), np.log(np.abs(items.a))
    by_location: list[Mapping[str, float]] = []
    by_log_a: list[Mapping[str, float]] = []
    for row, model in enumerate(items.models):
        if model == "nrm":
            k = int(items.categories[row]) - 1
            slope, intercept = (columns[f"category_{w}"][row, k - 1] for w in ("slope", "intercept"))
            location[row] = -intercept / slope
            top = {f"category_slope_{k}": intercept / slope**2, f"category_intercept_{k}": -1 / slope}
            by_location.append(top)
            by_log_a.append({f"category_slope_{k}": 1 / slope})
            continue
        by_log_a.append({"discrimination": 1 / items.a[row]})
        if np.isfinite(columns["difficulty"][row]):
            location[row] = columns["difficulty"][row]
            by_location.append({"difficulty": 1.0})
            continue
        name = "threshold" if model == "grm" else "step"
        own = columns[name][row][np.isfinite(columns[name][row])]
        location[row] = own.mean()
        steps = {f"{name}_{k}": 1 / len(own) for k in range(1, len(own) + 1)}
        by_location.append({"difficulty": 1.0} if model == "rsm" else steps)
    return location, log_a, tuple(by_location), tuple(by_log_a)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One form's share of the error of J differences."""

    ids: tuple[str, ...]
    blocks: tuple[CovarianceBlock, ...]
    sensitivity: Sensitivity

    def variance(self, gradients: Gradients, scale: float, constants: Floats) -> Floats:
        r"""Return (J,) variances of scale times the own feature plus what the link's constants add.

        .. math:: e'\Sigma e + 2 e'\Sigma S' q + q' S \Sigma S' q

        e holds the own derivatives (sparse), S (2, p) those of A and B, q (2,) those of x in A and B.
        """
        total = np.zeros(len(self.ids))
        row = {item: j for j, item in enumerate(self.ids)}
        shared_error = np.zeros((2, 2))
        for block in self.blocks:
            matrix, moves = np.asarray(block.matrix), self.sensitivity.over(block)
            shared = matrix @ moves.T
            shared_error += moves @ shared
            own: dict[int, tuple[list[int], list[float]]] = {}
            for k, (item, name) in enumerate(block.parameters):
                j = row.get(item, -1)
                if j >= 0 and name in gradients[j]:
                    places, values = own.setdefault(j, ([], []))
                    places.append(k)
                    values.append(scale * gradients[j][name])
            for j, (places, values) in own.items():
                e = np.array(values)
                total[j] += e @ matrix[np.ix_(places, places)] @ e
                total[j] += 2 * float(e @ shared[places] @ constants[j])
        total += np.einsum("jx,xy,jy->j", constants, shared_error, constants)
        return total


def _error(variance: Floats) -> Floats:
    return np.sqrt(np.maximum(variance, 0))


def _ratio(x: Floats, se: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(se > 0, x / se, np.nan)
