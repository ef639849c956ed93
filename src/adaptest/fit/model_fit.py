"""M2 and C2: how far the model is from first- and second-order margins, and the indices made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import chndtr, gammaincc

from adaptest.calibration.population import Population
from adaptest.fit.free import directions
from adaptest.fit.result import ADAPTIVE
from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.responses.core import Core
from adaptest.scoring.matched import Matched

MOST_MOMENTS = 6_000  # the covariance of as many takes 300 MB and about ten seconds
RELATIVE_RANK = 1e-7  # of the largest singular value: below it a direction is no parameter
COVERAGE = 0.9  # of the interval of RMSEA2
SHARE = 0.5


@dataclass(frozen=True, slots=True)
class ModelFit:
    """How the whole model fits the common form.

    Attributes
    ----------
    name : "M2" where every item has two categories, else "C2"
    statistic, df, p : nan where there is none, and `reason` says why
    n_parameters : directions that the margins' model can move in (the rank of its Jacobian)
    rmsea, rmsea_low, rmsea_high : RMSEA2 and its 90 % interval
    srmsr : root mean square of observed less expected correlations
    n : persons, by weight
    """

    name: str
    statistic: float
    df: float
    p: float
    n_parameters: int
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    srmsr: float
    n: float
    reason: str = ""


def model_fit(data: Matched, people: Population, core: Core, *, estimated: bool = True) -> ModelFit:
    r"""Return M2 (dichotomous items) or C2, RMSEA2 and SRMSR.

    .. math:: M_2 = N e' C e, \quad C = \Xi^{-1} - \Xi^{-1}\Delta (\Delta'\Xi^{-1}\Delta)^{-1}\Delta'\Xi^{-1}

    The margins are each item's category proportions and each pair's mean product of scores; for dichotomous
    items that is M2. The parameters are the items' (where they come from these responses) and each group's
    mean and variance; those that the margins cannot tell apart count once, so that the degrees of freedom
    are right whatever was fixed to identify the scale.

    Parameters
    ----------
    estimated : whether the items' parameters come from these responses

    References
    ----------
    Maydeu-Olivares & Joe (2005), Journal of the American Statistical Association 100(471), 1009-1020; Cai &
    Hansen (2013), British Journal of Mathematical and Statistical Psychology 66(2), 245-276; Cai & Monroe
    (2014), CRESST report 839 (C2); Maydeu-Olivares & Joe (2014), Multivariate Behavioral Research 49(4),
    305-328 (RMSEA2, SRMSR).
    """
    items = data.items.take(core.items)
    name = "M2" if (items.categories == 2).all() else "C2"  # noqa: PLR2004 (right or wrong)
    if not core.is_fixed:
        return _none(name, f"{ADAPTIVE}: {core.reason}")
    count = int((items.categories - 1).sum()) + len(items) * (len(items) - 1) // 2
    if count > MOST_MOMENTS:
        return _none(name, f"{len(items)} items have {count} margins; at most {MOST_MOMENTS} are worked on")
    scores = data.table()[core.persons][:, core.items].astype(np.intp)
    weight = data.weight[core.persons]
    n = float(weight.sum())
    margins = _Margins(items, people.nodes, people.mass)
    seen = _observed(scores, weight / n, items.categories)
    away = seen - margins.mean
    srmsr = _srmsr(scores, weight / n, margins)
    jacobian = _orthogonal(_jacobian(margins, people, items, estimated=estimated))
    df = count - jacobian.shape[1]
    if df < 1:
        return _none(name, f"{count} margins and {jacobian.shape[1]} parameters leave no degrees of freedom")
    try:
        factor = cho_factor(margins.covariance(), lower=True)
    except np.linalg.LinAlgError:
        return _none(name, "the margins' covariance is singular: some item or pair hardly varies")
    whitened = cho_solve(factor, np.column_stack([away, jacobian]))
    inner = jacobian.T @ whitened
    fitted = inner[:, 0] @ np.linalg.solve(inner[:, 1:], inner[:, 0])
    statistic = max(n * float(away @ whitened[:, 0] - fitted), 0.0)
    rmsea = float(np.sqrt(max((statistic - df) / (n * df), 0.0)))
    low, high = _interval(statistic, df, n)
    p = float(gammaincc(df / 2, statistic / 2))
    return ModelFit(name, statistic, float(df), p, jacobian.shape[1], rmsea, low, high, srmsr, n)


def _none(name: str, reason: str) -> ModelFit:
    nan = float("nan")
    return ModelFit(name, nan, nan, nan, 0, nan, nan, nan, nan, nan, reason)


class _Margins:
    """Expected margins and their covariance in one person; S of them: category indicators, then products."""

    def __init__(self, items: ItemParameters, theta: Floats, mass: Floats) -> None:
        self.items, self.theta, self.mass = items, theta, mass
        self.p = items.probability(theta)
        self.k = np.arange(self.p.shape[2])
        self.score = np.einsum("qjk,k->qj", self.p, self.k)
        self.spread = np.einsum("qjk,k->qj", self.p, self.k**2) - self.score**2
        self.own = [np.arange(1, k) for k in items.categories.tolist()]
        self.before = np.concatenate([[0], np.cumsum(items.categories - 1)]).astype(np.intp)
        self.first, self.second = np.triu_indices(len(items), 1)
        singles = np.concatenate([self.p[:, j, own] for j, own in enumerate(self.own)], axis=1)
        self.at = np.concatenate([singles, self.score[:, self.first] * self.score[:, self.second]], axis=1)
        self.mean = np.einsum("q,qs->s", mass, self.at)

    def places(self, j: int) -> tuple[Rows, Rows, Rows]:
        """Return where item j's indicators stand, where its products stand, and with which items."""
        singles = np.arange(self.before[j], self.before[j + 1])
        pairs = np.flatnonzero((self.first == j) | (self.second == j))
        partners = np.where(self.first[pairs] == j, self.second[pairs], self.first[pairs])
        return singles, int(self.before[-1]) + pairs, partners

    def covariance(self) -> Floats:
        """Return (S, S): between persons through theta, and within a person where margins share an item."""
        weighted = self.at * self.mass[:, None]
        result: Floats = weighted.T @ self.at - np.outer(self.mean, self.mean)
        for j, own in enumerate(self.own):
            singles, pairs, partners = self.places(j)
            rest = self.score[:, partners]
            p = self.p[:, j, own]
            among = np.diag(np.einsum("q,qa->a", self.mass, p)) - (p * self.mass[:, None]).T @ p
            result[np.ix_(singles, singles)] += among
            with_score = p * (self.k[own] - self.score[:, [j]])  # Cov(indicator, score) at theta
            cross = (with_score * self.mass[:, None]).T @ rest
            result[np.ix_(singles, pairs)] += cross
            result[np.ix_(pairs, singles)] += cross.T
            result[np.ix_(pairs, pairs)] += (rest * (self.mass * self.spread[:, j])[:, None]).T @ rest
        both = self.spread[:, self.first] * self.spread[:, self.second]
        last = np.arange(self.before[-1], len(self.mean))
        result[last, last] += np.einsum("q,qs->s", self.mass, both)
        return result


def _observed(scores: Rows, share: Floats, categories: Rows) -> Floats:
    """Return (S,) observed margins."""
    singles = [
        (share[:, None] * (scores[:, [j]] == np.arange(1, k))).sum(axis=0)
        for j, k in enumerate(categories.tolist())
    ]
    products = scores.T @ (share[:, None] * scores)
    return np.concatenate([*singles, products[np.triu_indices(len(categories), 1)]])


def _jacobian(margins: _Margins, people: Population, items: ItemParameters, *, estimated: bool) -> Floats:
    """Return (S, p) derivatives of the margins in every parameter."""
    columns = []
    if estimated:
        for rows, change in directions(items, margins.theta):
            column = np.zeros(len(margins.mean))
            moved = np.einsum("qjk,k->qj", change, margins.k)
            for place, j in enumerate(rows.tolist()):
                singles, pairs, partners = margins.places(j)
                own = change[:, place, margins.own[j]]
                column[singles] += np.einsum("q,qa->a", margins.mass, own)
                column[pairs] += np.einsum(
                    "q,qs->s", margins.mass * moved[:, place], margins.score[:, partners]
                )
            columns.append(column)
    nodes, groups = people.theta.shape[1], len(people.groups)
    for g in range(groups):
        if people.share[g] == 0:
            continue
        own_nodes = slice(g * nodes, (g + 1) * nodes)
        z = (people.theta[g] - people.mean[g]) / people.sd[g]
        columns += [  # slopes of the log-density, in mean and in ln sd
            np.einsum("q,qs->s", margins.mass[own_nodes] * slope, margins.at[own_nodes])
            for slope in (z, z**2 - 1)
        ]
    return np.stack(columns, axis=1)


def _orthogonal(jacobian: Floats) -> Floats:
    """Return an orthonormal basis of the columns' span."""
    scale = np.sqrt((jacobian**2).sum(axis=0))
    left, size, _ = np.linalg.svd(jacobian / np.where(scale > 0, scale, 1.0), full_matrices=False)
    return np.asarray(left[:, size > RELATIVE_RANK * size[0]])


def _srmsr(scores: Rows, share: Floats, margins: _Margins) -> float:
    """Return the root mean square difference of observed and expected correlations."""
    mean = share @ scores
    seen = (scores - mean).T @ (share[:, None] * (scores - mean))
    score = np.einsum("q,qj->j", margins.mass, margins.score)
    expected = (margins.score * margins.mass[:, None]).T @ margins.score - np.outer(score, score)
    expected += np.diag(np.einsum("q,qj->j", margins.mass, margins.spread))
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = _to_correlation(seen) - _to_correlation(expected)
    values = difference[np.triu_indices(len(score), 1)]
    return float(np.sqrt(np.nanmean(values**2)))


def _to_correlation(covariance: Floats) -> Floats:
    sd = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / sd / sd[:, None])


def _interval(statistic: float, df: int, n: float) -> tuple[float, float]:
    """Return the 90 % interval of RMSEA2 by the noncentral chi-square distribution."""
    ends = []
    for tail in ((1 + COVERAGE) / 2, (1 - COVERAGE) / 2):
        low, high = 0.0, max(statistic, 1.0) * 4 + 100
        if chndtr(statistic, df, 0.0) < tail:
            ends.append(0.0)
            continue
        while high - low > 1e-6 * max(high, 1.0):
            middle = SHARE * (low + high)
            if chndtr(statistic, df, middle) > tail:
                low = middle
            else:
                high = middle
        ends.append(float(np.sqrt(low / (n * df))))
    return ends[0], ends[1]
