"""Purification: items found to differ leave the matching criterion, and the test is made again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from adaptest.dif.compared import FEWEST_ANCHORS
from adaptest.dif.result import Raw
from adaptest.models.base import Bools

ROUNDS = 10  # at most; a set that keeps changing is reported as not settled


def purified(
    test: Callable[[Bools], Raw], flags: Callable[[Raw], Bools], count: int, *, on: bool
) -> tuple[Raw, Bools, int, bool]:
    """Return the last test, its anchors, how many rounds followed the first, and whether they settled.

    Parameters
    ----------
    test : of all items, given (J,) which are anchors
    flags : (J,) which items leave the anchors
    count : J
    on : without it the first test, with every item an anchor, is all

    References
    ----------
    Candell & Drasgow (1988), Applied Psychological Measurement 12(3), 253-260; Clauser, Mazor & Hambleton
    (1993), Applied Measurement in Education 6(4), 269-279.
    """
    anchors = np.ones(count, dtype=np.bool_)
    raw = test(anchors)
    if not on:
        return raw, anchors, 0, True
    for done in range(ROUNDS):
        keep = ~flags(raw)
        if (keep == anchors).all():
            return raw, anchors, done, True
        if keep.sum() < FEWEST_ANCHORS:
            return raw, anchors, done, False
        anchors = keep
        raw = test(anchors)
    return raw, anchors, ROUNDS, bool((~flags(raw) == anchors).all())
