"""Test characteristic curve: the expected summed score at theta, and theta at an expected score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from adaptest.models.base import Floats, Rows
from adaptest.numerics.optimize import bracketed_root
from adaptest.parameters import ItemParameters
from adaptest.scoring.search import search_nodes


def expected_score(items: ItemParameters, theta: ArrayLike) -> Floats:
    """Return (Q,) the test characteristic curve: the expected summed score at theta (Q,).

    References
    ----------
    Lord (1980), Applications of Item Response Theory to Practical Testing Problems, chapter 4.
    """
    return np.asarray(items.expected_score(np.asarray(theta, dtype=np.float64)).sum(axis=1))


def theta_at_expected_score(items: ItemParameters, score: ArrayLike) -> Floats:
    """Return (N,) the theta at which each score (N,) is expected; the true-score estimate.

    A score on or beyond an end of the curve has no such theta: -inf or +inf; nan where the curve, of
    discriminations of both signs, passes it never or more than once.

    Examples
    --------
    >>> from adaptest.models import LogisticItems
    >>> items = ItemParameters.of(LogisticItems(("i1",), [1.0], [0.5], [0.2], [1.0]))
    >>> theta_at_expected_score(items, [0.6, 0.2, 1.0]).round(6)
    array([ 0.5, -inf,  inf])
    """
    wanted = np.atleast_1d(np.asarray(score, dtype=np.float64))
    nodes = search_nodes(items)
    curve = expected_score(items, nodes)
    rising = curve[-1] >= curve[0]
    side = np.inf if rising else -np.inf
    result = np.full(wanted.shape, np.nan)
    reach = np.finfo(float).eps * 8 * max(len(items), 1)  # rounding of the sum
    result[wanted <= min(curve[0], curve[-1]) + reach] = -side
    result[wanted >= max(curve[0], curve[-1]) - reach] = side
    over = curve[None, :] >= wanted[:, None]
    crossings = over[:, 1:] != over[:, :-1]
    once = np.flatnonzero(np.isnan(result) & (crossings.sum(axis=1) == 1))
    left = crossings[once].argmax(axis=1)

    def away(theta: Floats, which: Rows) -> Floats:
        return expected_score(items, theta) - wanted[once[which]]

    ends = curve[left] - wanted[once], curve[left + 1] - wanted[once]
    result[once] = bracketed_root(away, nodes[left], nodes[left + 1], *ends).value
    return result
