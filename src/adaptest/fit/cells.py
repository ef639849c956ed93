"""Cells of a table that expect too few persons, joined to their neighbours."""

from __future__ import annotations

import numpy as np

from adaptest.models.base import Floats


def joined(seen: Floats, expected: Floats, smallest: float) -> tuple[Floats, Floats]:
    """Return observed and expected counts with each small cell joined to its smaller neighbour.

    Parameters
    ----------
    seen, expected : (K,) counts of neighbouring categories
    smallest : expected count that a cell needs

    Examples
    --------
    >>> joined(np.array([1.0, 6.0, 3.0]), np.array([0.5, 5.5, 4.0]), 1.0)[0]
    array([7., 3.])
    """
    o, e = list(seen), list(expected)
    while len(e) > 1 and min(e) < smallest:
        at = int(np.argmin(e))
        to = at + 1 if at == 0 or (at + 1 < len(e) and e[at + 1] < e[at - 1]) else at - 1
        o[to] += o[at]
        e[to] += e[at]
        del o[at], e[at]
    return np.array(o), np.array(e)
