"""Person fit: lz, its corrected form, CUSUM, and critical values by simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from adaptest.fit.residuals import residuals
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.random import Stream, uniform
from adaptest.responses import Responses, SparseRows
from adaptest.scoring import Estimates, score
from adaptest.scoring.matched import Matched, matched

FEWEST = 5  # answers that a person's fit is judged on (a changeable default)
ALPHA = 0.05
BINS = 10  # of theta, for critical values by simulation
REPLICATES = 500  # simulated sittings a bin


@dataclass(frozen=True, slots=True, eq=False)
class PersonFit:
    """N persons; nan where there is no finite theta or too few answers.

    Attributes
    ----------
    n : (N,) answers
    lz : standardised log-likelihood at the estimate; its spread is too small, for theta is estimated
    lz_star : corrected for that: about N(0, 1); very negative where answers contradict theta
    p : (N,) Pr(N(0, 1) < lz_star), or by simulation where that was asked for
    critical : (N,) value below which lz_star is flagged at .05: -1.645, or by simulation
    cusum_low, cusum_high : lowest and highest cumulative sum of residuals in the order of the answers
    flagged : lz_star below the critical value
    method : how the critical values came about
    """

    n: Floats
    lz: Floats
    lz_star: Floats
    p: Floats
    critical: Floats
    cusum_low: Floats
    cusum_high: Floats
    flagged: Bools
    method: str


def person_fit(
    data: Matched, people: Estimates, *, simulate: bool = False, seed: int = 1, fewest: int = FEWEST
) -> PersonFit:
    r"""Return person-fit statistics at estimates of theta.

    .. math:: l_z = \frac{l - E l}{\sqrt{Var\,l}}, \quad
        l_z^* = \frac{l - E l + c_n r_0}{\sqrt{\sum_j Var(\tilde w_j)}}, \quad
        \tilde w_j = \ln P_j - c_n\, (\ln P_j)'

    with :math:`c_n = \sum_j Cov\{\ln P_j, (\ln P_j)'\} / I` and r_0 as the estimator has it: 0 for MLE,
    J / 2I for WLE, the prior's slope for MAP and (nearly) EAP.

    Parameters
    ----------
    people : estimates from the same answers, by mle, wle, map or eap (prior N(0, 1))
    simulate : take critical values and p from simulated answers to the items each person was given,
        estimated anew, in ten bins of theta: for adaptive sittings, where lz* is not normal. The items stay
        those that were given, though other answers would have chosen others: lz* of real adaptive sittings
        spreads less, and fewer than .05 are flagged by chance
    fewest : answers needed

    References
    ----------
    Drasgow, Levine & Williams (1985), British Journal of Mathematical and Statistical Psychology 38(1),
    67-86; Snijders (2001), Psychometrika 66(3), 331-342; Magis, Raiche & Beland (2012), Journal of
    Educational and Behavioral Statistics 37(1), 57-81 (r_0); Sinharay (2016), Psychometrika 81(4), 992-1013
    (polytomous items); van Krimpen-Stoop & Meijer (1999), Applied Psychological Measurement 23(4), 327-345
    (adaptive tests need simulation).
    """
    lz, star, n = _statistics(data, people)
    enough = n >= fewest
    lz, star = np.where(enough, lz, np.nan), np.where(enough, star, np.nan)
    p = ndtr(star)
    critical = np.where(np.isfinite(star), NORMAL_CRITICAL, np.nan)
    method = "normal distribution of lz*"
    if simulate and np.isfinite(star).any():
        critical, p = _simulated(data, people, star, seed)
        method = (
            f"simulated: {REPLICATES} sittings in each of {BINS} bins of theta, on the items as given,"
            " which is cautious where answers chose them"
        )
    low, high = cusum(data, people.theta)
    flagged = np.nan_to_num(star, nan=0.0) < np.nan_to_num(critical, nan=-np.inf)
    return PersonFit(n, lz, star, p, critical, low, high, flagged, method)


NORMAL_CRITICAL = -1.6448536269514722  # one-sided .05


def _statistics(data: Matched, people: Estimates) -> tuple[Floats, Floats, Floats]:
    found = residuals(data, people.theta)
    theta = np.where(np.isfinite(people.theta), people.theta, 0.0)
    slope, covariance, information, spread = (np.zeros(len(data.score)) for _ in range(4))
    third = np.zeros(len(data.score))
    for j, cells in data.by_item():
        if cells.start == cells.stop:
            continue
        item = data.items.take(np.array([j]))
        at = theta[data.person[cells]]
        log_p = item.log_probability(at)[:, 0, :]
        p = np.exp(log_p)
        log_p = np.where(p > 0, log_p, 0.0)
        s = item.log_slope(at)[:, 0, :]
        slope[cells] = s[np.arange(len(at)), data.score[cells]]
        covariance[cells] = (p * log_p * s).sum(axis=1)  # the slope's mean is 0
        information[cells] = (p * s**2).sum(axis=1)
        third[cells] = item.warm_numerator(at)[:, 0]
        spread[cells] = found.log_p_variance[cells]
    weight = found.valid.astype(np.float64)
    total = data.person_sums
    with np.errstate(invalid="ignore", divide="ignore"):
        away = total(weight * (found.log_p - found.log_p_mean))
        whole = total(weight * information)
        c = total(weight * covariance) / whole
        r0 = _r0(people, total(weight * third) / (2 * whole))
        variance = total(weight * spread) - c**2 * whole
        good = (whole > 0) & np.isfinite(people.theta)
        lz = np.where(good, away / np.sqrt(total(weight * spread)), np.nan)
        star = np.where(good & (variance > 0), (away + c * r0) / np.sqrt(variance), np.nan)
    return lz, star, total(weight)


def _r0(people: Estimates, warm: Floats) -> Floats:
    """Return what the estimating equation adds to the score function."""
    if people.method == "wle":
        return warm
    if people.method in {"map", "eap"}:
        return -people.theta
    return np.zeros(len(people.theta))


def _simulated(data: Matched, people: Estimates, star: Floats, seed: int) -> tuple[Floats, Floats]:
    """Return critical values and p of each person from simulated answers in the own bin of theta."""
    good = np.flatnonzero(np.isfinite(star))
    order = good[np.argsort(people.theta[good], kind="stable")]
    critical, p = np.full(len(star), np.nan), np.full(len(star), np.nan)
    for which, members in enumerate(np.array_split(order, min(BINS, len(order)))):
        drawn = members[np.arange(REPLICATES) % len(members)]
        answers = _answers(data, drawn, people.theta[drawn], seed, which)
        again = matched(data.items, answers)
        null = _statistics(again, score(data.items, answers, people.method))[1]
        null = np.sort(null[np.isfinite(null)])
        if not len(null):
            continue
        critical[members] = np.quantile(null, ALPHA)
        p[members] = (np.searchsorted(null, star[members], side="right") + 1) / (len(null) + 1)
    return critical, p


def _answers(data: Matched, drawn: Rows, theta: Floats, seed: int, which: int) -> Responses:
    """Return answers at these thetas (M,) to the items that the persons `drawn` (M,) were given."""
    rows = data.responses.sparse()
    length = np.diff(rows.start)[drawn]
    start = np.concatenate([[0], length.cumsum()]).astype(np.int64)
    cell = np.repeat(rows.start[drawn] - start[:-1], length) + np.arange(start[-1])
    item, person = rows.item[cell], np.repeat(np.arange(len(drawn)), length)
    u = uniform(seed, Stream.REPLICATE, np.full(len(item), which), np.arange(len(item)))
    new = np.full(len(item), -1, dtype=np.int8)
    given = rows.score[cell] >= 0
    for j in np.unique(item[given]):
        own = np.flatnonzero((item == j) & given)
        p = data.items.take(np.array([j])).probability(theta[person[own]])[:, 0, :]
        new[own] = (u[own][:, None] >= p.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return Responses.of(SparseRows(start, item, new), data.responses.items)


def cusum(data: Matched, theta: Floats, position: Rows | None = None) -> tuple[Floats, Floats]:
    r"""Return (N,) the lowest lower and highest upper cumulative sum of residuals, in the order of answering.

    .. math:: C^+_i = \max(0, C^+_{i-1} + T_i), \quad C^-_i = \min(0, C^-_{i-1} + T_i), \quad
        T_i = (x_i - E_i) / n

    Parameters
    ----------
    position : (n,) place of each cell of `data` in its person's sitting; None takes the items' order

    References
    ----------
    van Krimpen-Stoop & Meijer (2000), in van der Linden & Glas (eds), Computerized adaptive testing, 201-219.
    """
    found = residuals(data, theta)
    where = data.item() if position is None else position
    order = np.lexsort((where, data.person))
    person = data.person[order]
    n = np.bincount(person, minlength=len(theta))
    step = (np.where(found.valid, found.raw, 0.0))[order] / np.maximum(n[person], 1)
    start = np.concatenate([[0], n.cumsum()])[:-1]
    up, down, highest, lowest = (np.zeros(len(theta)) for _ in range(4))
    for k in range(int(n.max(initial=0))):
        own = np.flatnonzero(n > k)
        move = step[start[own] + k]
        up[own] = np.maximum(0.0, up[own] + move)
        down[own] = np.minimum(0.0, down[own] + move)
        highest[own] = np.maximum(highest[own], up[own])
        lowest[own] = np.minimum(lowest[own], down[own])
    none = ~np.isfinite(theta) | (n == 0)
    return np.where(none, np.nan, lowest), np.where(none, np.nan, highest)
