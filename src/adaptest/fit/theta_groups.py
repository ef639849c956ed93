"""Observed against expected in groups of theta: residuals, Q1, and its plausible-value form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.calibration.population import Population
from adaptest.fit.cells import joined
from adaptest.fit.free import counts
from adaptest.fit.result import ChiSquares, chi_squares
from adaptest.models.base import Floats, Rows
from adaptest.numerics.random import Stream, uniform
from adaptest.scoring.matched import Matched

GROUPS = 10  # of persons, equal in number: Yen (1981)
DRAWS = 30  # plausible values a person
FEWEST = 5.0  # expected persons in a cell of PV-Q1, below which it joins its neighbour


@dataclass(frozen=True, slots=True, eq=False)
class GroupResiduals:
    """Mean scores of G groups of theta on J items.

    Attributes
    ----------
    theta : (G, J) mean theta of those who answered, logits; nan where nobody did
    n : (G, J) their weight
    observed, expected : (G, J) mean score
    standardised : (G, J) (observed - expected) / sqrt(variance / n)
    """

    theta: Floats
    n: Floats
    observed: Floats
    expected: Floats
    standardised: Floats


def quantile_groups(theta: Floats, groups: int = GROUPS) -> Rows:
    """Return (N,) groups of equal numbers of persons in the order of theta; ties in the order of the rows."""
    order = np.argsort(theta, kind="stable")
    place = np.empty(len(theta), dtype=np.intp)
    place[order] = np.arange(len(theta))
    return np.asarray(place * groups // max(len(theta), 1), dtype=np.intp)


def group_residuals(data: Matched, theta: Floats, groups: int = GROUPS) -> GroupResiduals:
    """Return each item's standardised residuals by group of theta (N,), expected at the group's mean.

    References
    ----------
    Hambleton, Swaminathan & Rogers (1991), Fundamentals of item response theory, 60-68.
    """
    shape = groups, len(data.items)
    result = {name: np.full(shape, np.nan) for name in ("theta", "n", "observed", "expected", "standardised")}
    for j, cells in data.by_item():
        persons = data.person[cells]
        good = np.isfinite(theta[persons])
        persons, score = persons[good], data.score[cells][good]
        if not len(persons):
            continue
        group, weight = quantile_groups(theta[persons], groups), data.weight[persons]
        n = np.bincount(group, weights=weight, minlength=groups)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(group, weights=weight * theta[persons], minlength=groups) / n
            seen = np.bincount(group, weights=weight * score, minlength=groups) / n
        used = n > 0
        p = data.items.take(np.array([j])).probability(mean[used])[:, 0, :]
        k = np.arange(p.shape[1])
        expected = (p * k).sum(axis=1)
        variance = (p * k**2).sum(axis=1) - expected**2
        for name, values in (("theta", mean[used]), ("n", n[used]), ("observed", seen[used])):
            result[name][used, j] = values
        result["expected"][used, j] = expected
        with np.errstate(invalid="ignore", divide="ignore"):
            result["standardised"][used, j] = (seen[used] - expected) / np.sqrt(variance / n[used])
    return GroupResiduals(**result)


def q1(data: Matched, theta: Floats, *, groups: int = GROUPS, estimated: bool = True) -> ChiSquares:
    r"""Return Yen's Q1 of each item on estimated thetas.

    .. math:: Q_1 = \sum_g \sum_k N_g (O_{gk} - E_{gk})^2 / E_{gk}, \quad
        df = G (K - 1) - m

    The thetas come from the same answers, so that it is far too large on short forms: a description. Its
    plausible-value form is the test.

    References
    ----------
    Yen (1981), Applied Psychological Measurement 5(2), 245-262.
    """
    statistic, df = np.full(len(data.items), np.nan), np.full(len(data.items), np.nan)
    free = counts(data.items) if estimated else np.zeros(len(data.items), dtype=np.intp)
    for j, cells in data.by_item():
        persons = data.person[cells]
        good = np.isfinite(theta[persons])
        persons = persons[good]
        if len(persons):
            statistic[j], used = _q1(
                data, j, persons, data.score[cells][good].astype(np.intp), theta[persons], groups, 0.0
            )
            df[j] = used - free[j]
    return chi_squares(
        "Q1", statistic, df, tuple("" if np.isfinite(s) else "nobody answered" for s in statistic)
    )


def pv_q1(
    data: Matched,
    people: Population,
    *,
    groups: int = GROUPS,
    draws: int = DRAWS,
    estimated: bool = True,
    seed: int = 1,
) -> ChiSquares:
    """Return the mean of Q1 over plausible values of theta, drawn from each person's posterior.

    Valid for sparse and adaptive answers too: each item's test uses the posteriors of those who had it.
    Averaging keeps the statistic's mean and narrows its spread, so that the test is conservative.

    Parameters
    ----------
    draws : plausible values a person
    estimated : whether the items' parameters come from these responses
    seed : of the draws; equal seeds give equal bits

    References
    ----------
    Chalmers & Ng (2017), Applied Psychological Measurement 41(5), 372-387.
    """
    count = len(data.items)
    free = counts(data.items) if estimated else np.zeros(count, dtype=np.intp)
    below = np.cumsum(people.posterior, axis=1)
    n = len(below)
    total, used = np.zeros((draws, count)), np.zeros((draws, count))
    for draw in range(draws):
        u = uniform(seed, Stream.PLAUSIBLE, np.arange(n), draw)
        theta = _drawn(below, people, u)
        for j, cells in data.by_item():
            persons = data.person[cells]
            if len(persons):
                total[draw, j], used[draw, j] = _q1(
                    data, j, persons, data.score[cells].astype(np.intp), theta[persons], groups, FEWEST
                )
    statistic = np.where(np.bincount(data.item(), minlength=count) > 0, total.mean(axis=0), np.nan)
    df = used.mean(axis=0) - free
    return chi_squares(
        "PV-Q1", statistic, df, tuple("" if np.isfinite(s) else "nobody answered" for s in statistic)
    )


def _drawn(below: Floats, people: Population, u: Floats) -> Floats:
    """Return (N,) thetas at the shares u (N,) of the posteriors, straight between the nodes."""
    node = np.minimum((below < u[:, None]).sum(axis=1), below.shape[1] - 1)
    rows = np.arange(len(u))
    low = np.where(node > 0, below[rows, node - 1], 0.0)
    share = np.clip((u - low) / np.maximum(below[rows, node] - low, 1e-300), 0.0, 1.0)
    spacing = (people.theta[:, 1] - people.theta[:, 0])[people.group]
    return np.asarray(people.theta[people.group, node] + (share - 0.5) * spacing)


def _q1(
    data: Matched, j: int, persons: Rows, score: Rows, theta: Floats, groups: int, fewest: float
) -> tuple[float, int]:
    """Return Q1 of one item and its degrees of freedom before parameters are counted."""
    group, weight = quantile_groups(theta, groups), data.weight[persons]
    k = int(data.items.categories[j])
    n = np.bincount(group, weights=weight, minlength=groups)
    seen = np.bincount(group * k + score, weights=weight, minlength=groups * k).reshape(groups, k)
    used = n > 0
    mean = np.bincount(group, weights=weight * theta, minlength=groups)[used] / n[used]
    item = data.items.take(np.array([j]))
    if fewest:  # the mean of the probabilities, not the probability at the mean: exact for wide groups
        p = item.probability(theta)[:, 0, :]
        expected: Floats = np.stack(
            [np.bincount(group, weights=weight * p[:, c], minlength=groups) for c in range(k)], axis=1
        )
        cells = [joined(seen[g], expected[g], fewest) for g in np.flatnonzero(used)]
        value = sum(float(((o - e) ** 2 / e).sum()) for o, e in cells if len(e) > 1)
        return value, sum(len(e) - 1 for _, e in cells)
    expected = item.probability(mean)[:, 0, :] * n[used][:, None]
    return float(((seen[used] - expected) ** 2 / expected).sum()), int(used.sum()) * (k - 1)


def rmsd(data: Matched, people: Population) -> Floats:
    r"""Return (J,) the root mean square distance of the observed category curves from the model's.

    .. math:: RMSD_j = \Big\{\frac{1}{K - 1}\sum_{k \ge 1} \int (\tilde P_{jk} - P_{jk})^2 g\Big\}^{1/2},
        \quad
        \tilde P_{jk}(\theta_q) = \frac{\sum_n w_n h_n(q) [x_{nj} = k]}{\sum_n w_n h_n(q)}

    with each person's posterior h, over those who had the item; weights g are theirs too. For dichotomous
    items it is the programme of PISA and PIAAC (flagged from .10 or .15 there).

    References
    ----------
    Khorramdel, Shin & von Davier (2019), in Handbook of diagnostic classification models, 603-628; Kohler,
    Robitzsch & Hartig (2020), Journal of Educational and Behavioral Statistics 45(3), 251-273.
    """
    result = np.full(len(data.items), np.nan)
    for j, cells in data.by_item():
        persons = data.person[cells]
        if not len(persons):
            continue
        k = int(data.items.categories[j])
        total = np.zeros(people.theta.shape)
        seen = np.zeros((*people.theta.shape, k))
        for g in range(len(people.groups)):
            own = people.group[persons] == g
            mass = people.posterior[persons[own]] * data.weight[persons[own]][:, None]
            total[g] = mass.sum(axis=0)
            for c in range(k):
                seen[g, :, c] = mass[data.score[cells][own] == c].sum(axis=0)
        p = data.items.take(np.array([j])).probability(people.nodes)[:, 0, :].reshape(seen.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            away = np.nan_to_num(seen / total[..., None] - p)[..., 1:]
        share = total / total.sum()
        result[j] = float(np.sqrt((share[..., None] * away**2).sum() / (k - 1)))
    return result
