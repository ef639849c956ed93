"""Answer similarity: pairs of persons who agree more often than two strangers would."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.fit.distractors import Options
from adaptest.models.base import Bools, Floats, Rows
from adaptest.scoring.matched import Matched

MOST_PERSONS = 3_000  # four and a half million pairs; with more, give the persons of one site at a time
FEWEST_COMMON = 10  # items that both answered
ALPHA = 0.05  # of the whole family of pairs: an accusation
SCREEN = 3.0  # standard deviations above the expected number, from which the exact tail is worked out
STRATA = 3  # of theta, for the shares of the wrong options
LOOSE = 1.5  # likewise, in a first screen by a bound of the standard deviation
BLOCK = 256  # persons worked on at once


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """The most similar pairs.

    Attributes
    ----------
    first, second : (M,) rows of the persons
    n : (M,) items that both answered
    matches, expected : (M,) equal answers, and how many strangers of these abilities would have
    p : (M,) exact probability of as many or more
    p_adjusted : (M,) times the number of pairs compared, at most 1
    flagged : (M,) p_adjusted below .05
    pairs : how many were compared
    reason : why none were, or ""
    """

    first: Rows
    second: Rows
    n: Rows
    matches: Rows
    expected: Floats
    p: Floats
    p_adjusted: Floats
    flagged: Bools
    pairs: int
    reason: str


def similarity(data: Matched, theta: Floats, options: Options | None = None) -> Similarity:
    r"""Return the pairs of persons with unlikely many equal answers: the generalized binomial test.

    .. math:: p = Pr\Big(\sum_j M_j \ge m\Big), \quad Pr(M_j = 1) = \sum_k P_{jk}(\theta_1) P_{jk}(\theta_2)

    with independent matches, their sum's exact distribution item after item. With options a match is the
    same option: the key's probability is the model's, a wrong option's the share it has among the wrong
    answers in the person's third of theta. Without, a match is the same score, which is far weaker. Pairs
    less than three standard deviations above their expectation are not kept. p is adjusted by Bonferroni
    over all pairs.

    Parameters
    ----------
    theta : (N,) logits; who has none takes no part
    options : the persons' choices of the same items, in the same order

    References
    ----------
    van der Linden & Sotaridona (2006), Journal of Educational and Behavioral Statistics 31(3), 283-304.
    """
    usable = np.flatnonzero(np.isfinite(theta))
    if len(usable) > MOST_PERSONS:
        return _nothing(f"{len(usable)} persons make too many pairs; at most {MOST_PERSONS} are compared")
    p, chosen = _choices(data, theta, options)
    p, chosen = p[usable], chosen[usable]
    answered = chosen >= 0
    found: list[tuple[int, int, int, int, float, float]] = []
    compared = 0
    n, j, k = p.shape
    one = (chosen[:, :, None] == np.arange(k)).reshape(n, j * k).astype(np.float64)
    flat = np.where(answered[:, :, None], p, 0.0).reshape(n, j * k)
    given = answered.astype(np.float64)
    for start in range(0, n, BLOCK):
        rows = np.arange(start, min(start + BLOCK, n))
        common = given[rows] @ given.T
        expected = flat[rows] @ flat.T
        matches = one[rows] @ one.T
        later = np.arange(n) > rows[:, None]
        judged = later & (common >= FEWEST_COMMON)
        compared += int(judged.sum())
        # equal chances have the largest variance: half of that bound is a screen that loses nothing extreme
        bound = np.sqrt(np.maximum(expected * (1 - expected / np.maximum(common, 1.0)), 0.0))
        likely = judged & (matches - expected > LOOSE * bound)
        for a, b in zip(*np.nonzero(likely), strict=True):
            person = rows[a]
            match = np.einsum("jk,jk->j", p[person], p[b])[answered[person] & answered[b]]
            spread = np.sqrt((match * (1 - match)).sum())
            if matches[a, b] - match.sum() < SCREEN * spread:
                continue
            tail = _tail(match, round(matches[a, b]))
            found.append((person, b, len(match), round(matches[a, b]), float(match.sum()), tail))
    found.sort(key=lambda row: (row[5], row[0], row[1]))
    columns = [np.array(column) for column in zip(*found, strict=True)] if found else [np.zeros(0)] * 6
    first, second, count, equal, mean, tails = columns
    adjusted = np.minimum(tails * compared, 1.0)
    return Similarity(
        usable[first.astype(np.intp)], usable[second.astype(np.intp)], count.astype(np.intp),
        equal.astype(np.intp), mean, tails, adjusted, adjusted < ALPHA, compared,
        "" if compared else f"no two persons answered {FEWEST_COMMON} items in common",
    )  # fmt: skip


def _nothing(reason: str) -> Similarity:
    none, nothing = np.zeros(0, dtype=np.intp), np.zeros(0)
    return Similarity(none, none, none, none, nothing, nothing, nothing, none > 0, 0, reason)


def _choices(data: Matched, theta: Floats, options: Options | None) -> tuple[Floats, Rows]:
    """Return (N, J, K) probabilities of each choice and (N, J) the choice, -1 where there is none."""
    at = np.where(np.isfinite(theta), theta, 0.0)
    table = data.table().astype(np.intp)
    if options is None:
        return data.items.probability(at), table
    n, j = table.shape
    width = max((len(names) for names in options.options), default=1)
    p = np.zeros((n, j, width))
    chosen = options.chosen.astype(np.intp)
    order = np.argsort(np.argsort(at, kind="stable"), kind="stable")
    stratum = order * STRATA // max(n, 1)
    for row in range(j):
        is_key = options.is_key(row)
        k = len(is_key)
        right = data.items.take(np.array([row])).probability(at)[:, 0, -1]
        for which in range(STRATA):
            own = stratum == which
            counts = np.bincount(chosen[own & (chosen[:, row] >= 0), row], minlength=k)[:k].astype(np.float64)
            wrong, keys = np.where(is_key, 0.0, counts + 0.5), np.where(is_key, counts + 0.5, 0.0)
            for share, chance in ((wrong, 1 - right[own]), (keys, right[own])):
                if share.sum() > 0:
                    p[own, row, :k] += chance[:, None] * share / share.sum()
    return p, chosen


def _tail(match: Floats, at_least: int) -> float:
    """Return Pr(sum of independent matches >= at_least)."""
    distribution = np.zeros(len(match) + 1)
    distribution[0] = 1.0
    for n, chance in enumerate(match, start=1):
        distribution[1 : n + 1] = distribution[1 : n + 1] * (1 - chance) + distribution[:n] * chance
        distribution[0] *= 1 - chance
    return float(distribution[at_least:].sum())
