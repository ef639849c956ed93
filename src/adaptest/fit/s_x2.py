"""S-X2: observed and expected answers at each summed score."""

from __future__ import annotations

import numpy as np

from adaptest.calibration.population import Population
from adaptest.fit.cells import joined
from adaptest.fit.free import counts
from adaptest.fit.result import ADAPTIVE, ChiSquares, chi_squares, refused
from adaptest.models.base import Floats, Rows
from adaptest.responses.core import Core
from adaptest.scoring.matched import Matched
from adaptest.scoring.summed import score_distribution

NAME = "S-X2"
SMALLEST = 1.0  # expected count of a cell; smaller ones are joined to a neighbour


def s_x2(data: Matched, people: Population, core: Core, *, estimated: bool = True) -> ChiSquares:
    r"""Return S-X2 of each item of the common form, from the persons who have it whole.

    .. math:: S\text{-}X^2_j = \sum_s \sum_k N_s\,(O_{sk} - E_{sk})^2 / E_{sk}, \quad
        E_{sk} = \frac{\int P_{jk}\, f^{*j}(s - k)\, g}{\int f(s)\, g}

    over summed scores s, from 1 to one below the highest. Neighbouring scores are joined until each expects
    one person or more outside its commonest category, then neighbouring categories within a score. The
    degrees of freedom are the cells less one a score, less the item's parameters where they were estimated
    from these responses.

    Parameters
    ----------
    estimated : whether the items' parameters come from these responses

    References
    ----------
    Orlando & Thissen (2000), Applied Psychological Measurement 24(1), 50-64; Kang & Chen (2008), Journal of
    Educational Measurement 45(4), 391-406.
    """
    total = len(data.items)
    if not core.is_fixed:
        return refused(NAME, total, f"{ADAPTIVE}: {core.reason}")
    items = data.items.take(core.items)
    scores = data.table()[core.persons][:, core.items].astype(np.intp)
    weight = data.weight[core.persons]
    summed = scores.sum(axis=1)
    theta, mass = people.nodes, people.mass
    probability = items.probability(theta)
    whole = np.einsum("q,qs->s", mass, score_distribution(items, theta))
    statistic, df = np.full(total, np.nan), np.full(total, np.nan)
    reason = ["not in the common form"] * total
    free = counts(items) if estimated else np.zeros(len(items), dtype=np.intp)
    top = len(whole) - 1
    for j, row in enumerate(core.items):
        rest = score_distribution(items.take(np.delete(np.arange(len(items)), j)), theta)
        k = int(items.categories[j])
        joint = np.zeros((top + 1, k))
        for c in range(k):
            joint[c : c + rest.shape[1], c] = np.einsum("q,q,qs->s", mass, probability[:, j, c], rest)
        seen = np.zeros((top + 1, k))
        np.add.at(seen, (summed, scores[:, j]), weight)
        with np.errstate(invalid="ignore", divide="ignore"):
            expected = np.nan_to_num(joint / whole[:, None]) * seen.sum(axis=1)[:, None]
        statistic[row], cells, groups = _compared(seen[1:top], expected[1:top])
        df[row] = cells - groups - free[j]
        reason[row] = ""
    return chi_squares(NAME, statistic, df, tuple(reason))


def _compared(seen: Floats, expected: Floats) -> tuple[float, int, int]:
    """Return the statistic, the number of cells and the number of scores, after joining what is small."""
    value, cells, groups = 0.0, 0, 0
    for rows in _joined(expected):
        own_seen, own = joined(seen[rows].sum(axis=0), expected[rows].sum(axis=0), SMALLEST)
        if len(own) > 1:
            value += float(((own_seen - own) ** 2 / own).sum())
            cells += len(own)
            groups += 1
    return value, cells, groups


def _joined(expected: Floats) -> list[Rows]:
    """Return groups of neighbouring scores, from both ends inwards, none with a lone rare end."""
    n = len(expected)
    ends = expected.sum(axis=1) - expected.max(axis=1, initial=0.0)  # expected outside the commonest category
    low, high = 0, n
    groups_low: list[Rows] = []
    groups_high: list[Rows] = []
    middle = n // 2
    while low < middle:
        stop = low + 1
        while stop < middle and ends[low:stop].sum() < SMALLEST:
            stop += 1
        groups_low.append(np.arange(low, stop))
        low = stop
    while high > middle:
        begin = high - 1
        while begin > middle and ends[begin:high].sum() < SMALLEST:
            begin -= 1
        groups_high.append(np.arange(begin, high))
        high = begin
    groups = groups_low + groups_high[::-1]
    # the group next to the middle may have stayed small: it joins its inner neighbour
    result: list[Rows] = []
    for rows in groups:
        if result and (ends[result[-1]].sum() < SMALLEST or ends[rows].sum() < SMALLEST) and len(groups) > 1:
            result[-1] = np.concatenate([result[-1], rows])
        else:
            result.append(rows)
    return result
