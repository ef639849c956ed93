"""Why items may not come next, and what is said where none may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adaptest.constraints.blueprint import NEEDED, ROOM
from adaptest.engine.batch import Sittings
from adaptest.engine.narrowing import asked
from adaptest.engine.opening import START_BAND
from adaptest.errors import PoolExhaustedError
from adaptest.models.base import Bools

if TYPE_CHECKING:
    from adaptest.engine.design import Design


def why_not(design: Design, sittings: Sittings, item: Bools) -> dict[str, int]:
    """Return how many available items rules keep out of one sitting's next choice, by reason.

    Parameters
    ----------
    item : (J,) available, but not allowed
    """
    counts: dict[str, int] = {}
    if design.content is not None and item.any():
        seen = asked(design, sittings, sittings.available)
        may = design.content.may(seen)[0]
        counts |= design.content.why_not(seen, item & ~may)
        item = item & may
    if design.opening is not None and design.reach is None:
        counts[START_BAND], item = int(np.count_nonzero(item)), np.zeros_like(item)
    elif design.opening is not None and design.reach is not None and sittings.length < design.opening.items:
        reachable = design.reach.allowed(sittings.counts, sittings.available, sittings.length)[0]
        counts[START_BAND] = int(np.count_nonzero(item & reachable))
        item = item & ~reachable
    total = int(np.count_nonzero(item))
    if total and design.reach is not None:
        full = design.blueprint.full(sittings.counts[0], design.reach.next_stop(sittings.length))
        upper = int(np.count_nonzero(item & full.take(design.blueprint.cell))) if full.any() else 0
        counts |= {ROOM: upper, NEEDED: total - upper}
    return {reason: count for reason, count in counts.items() if count}


def refused(design: Design, sittings: Sittings, allowed: Bools) -> PoolExhaustedError:
    """Return the sentence for the first sitting that has nothing to go on with.

    Parameters
    ----------
    allowed : (N, J) items that may come next
    """
    n = int(np.flatnonzero(~allowed.any(axis=1))[0])
    left = int(sittings.available[n].sum())
    if not left:
        return PoolExhaustedError(
            f"none of {len(design.pool)} items is left after {sittings.length} and the exam may not stop"
            " there; exclude fewer items or use a larger pool"
        )
    return PoolExhaustedError(
        f"none of the {left} items left after {sittings.length} lets the exam reach its next lengths with"
        " every content rule kept; exclude fewer items or use a larger pool"
    )
