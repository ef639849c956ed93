"""Items of a set are given together: whether the set that a sitting is in goes on with its next item."""

from __future__ import annotations

from adaptest.constraints.rows import set_of
from adaptest.engine.batch import Sittings
from adaptest.engine.design import Design
from adaptest.errors import PoolExhaustedError
from adaptest.models.base import Bools


def set_goes_on(sitting: Sittings, design: Design, tests: Bools | None = None) -> bool:
    """Return whether the next item of one sitting is of the last one's item set: nothing comes between them.

    Where no item can follow as the rules stand, nothing may come before they gave way.

    Parameters
    ----------
    tests : (1, J) as `Design.choose` takes them
    """
    if not design.pool.sets or not sitting.length:
        return False
    of = set_of(design.pool)
    last = of[sitting.rows[0, -1]]
    if last < 0 or (design.may_end(sitting.length) and design.ending(sitting)[0] >= 0):
        return False
    try:
        return bool(of[design.choose(sitting, tests).row[0]] == last)
    except PoolExhaustedError:  # rules give way first; then it is to be asked again
        return True
