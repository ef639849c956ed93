"""The cuts of a rule that classifies: one, or several that part bands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools
from adaptest.stopping.base import require_number


def cuts_of(rule_name: str, cut: float | None, cuts: tuple[float, ...]) -> tuple[float, ...]:
    """Return a rule's cuts, ascending.

    Raises
    ------
    OptionError, unless there is one cut, or several finite ones that ascend.
    """
    if (cut is None) == (not cuts):
        got = "both" if cuts else "neither"
        raise OptionError(f"stopping rule {rule_name}: must have a cut, or cuts; got {got}")
    if cut is not None:
        require_number(rule_name, "cut", cut, holds=True, rule="be finite")
        return (cut,)
    for one in cuts:
        require_number(rule_name, "cuts", one, holds=True, rule="be finite")
    if any(low >= high for low, high in pairwise(cuts)):
        raise OptionError(
            f"stopping rule {rule_name}: cuts must ascend; got {', '.join(f'{one:g}' for one in cuts)}"
        )
    return cuts


def decided(below: Bools, above: Bools) -> Bools:
    """Return (N,) whether every cut is decided, and no cut is passed above one that is not.

    With several cuts each has its own test, and the tests name one band only where they agree.

    Parameters
    ----------
    below, above : (N, C) whether the side of each cut, ascending, is decided

    References
    ----------
    Eggen & Straetmans (2000), Educational and Psychological Measurement 60(5), 713-734.
    """
    all_decided = (below | above).all(axis=1)
    return np.asarray(all_decided & ~(above[:, 1:] & ~above[:, :-1]).any(axis=1))
