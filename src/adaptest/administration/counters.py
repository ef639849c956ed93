"""What exposure rules look at before a sitting begins, read from the store."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection

from adaptest.engine.design import Design
from adaptest.exposure import Controls, Counters
from adaptest.store import bands, usage
from adaptest.store.bands import Counting


def counting_of(exam: str, design: Design) -> Counting | None:
    """Return how the sittings of an exam are counted by theta band; None where no rule looks at that."""
    if design.controls is None or (rule := design.controls.eligibility) is None:
        return None
    return Counting.of(exam, rule.bands, rule.fading)


def counters_of(connection: Connection, exam: str, design: Design) -> Counters:
    """Return the counters of an exam's items, over all its sittings so far: no more is read than rules ask.

    Parameters
    ----------
    exam : bank/exam
    """
    controls = design.controls or Controls()
    pool, n_bands = design.pool, len(controls.bands)
    none = Counters.none(len(pool), n_bands)
    if not controls.counts:
        return none
    shown, anywhere = np.zeros(len(pool)), np.zeros(len(pool))
    sittings = 0
    if controls.rules:
        for held, counts in (
            (shown, usage.shown(connection, exam)),
            (anywhere, usage.shown(connection)),
        ):
            for item, n in counts.items():
                if item in pool.row:
                    held[pool.row[item]] = n
        sittings = usage.sittings_shown(connection, exam)
    recent = tuple(
        np.array(sorted(pool.row[item] for item in items if item in pool.row), dtype=np.intp)
        for items in usage.recent(connection, exam, controls.remembered)
    )
    visits, barred, taken = none.visits.copy(), none.barred.copy(), none.taken.copy()
    if (counting := counting_of(exam, design)) is not None:
        counted = bands.counted(connection, counting.counter)
        for band, visited in counted.visits.items():
            visits[band] = visited
        for (band, item), (was_barred, was_taken) in counted.items.items():
            if item in pool.row:
                barred[band, pool.row[item]] = was_barred
                taken[band, pool.row[item]] = was_taken
    return Counters(sittings, shown, anywhere, recent, visits, barred, taken)


def nothing_before(design: Design) -> Counters:
    """Return the counters of a sitting that knows of no other."""
    return Counters.none(len(design.pool), len((design.controls or Controls()).bands))
