"""Whether finished sittings kept every hard rule, counted from what was given and not from what decided."""

from __future__ import annotations

import numpy as np

from adaptest.constraints.content import Asked
from adaptest.engine.design import Design
from adaptest.models.base import Bools
from adaptest.simulation.run import Simulated


def broken(done: Simulated) -> dict[str, int]:
    """Return how many sittings broke each kind of hard rule; one that time ended is held to no length."""
    design, length = done.design, done.length
    given, whole = done.shown, np.ones(len(done.length), dtype=np.bool_)
    whole[list(done.cut_off)] = False
    content = np.ones(len(length), dtype=np.bool_)
    counts = design.blueprint.count(given)
    for one in np.unique(length).tolist():
        same = length == one
        content[same] = design.blueprint.holds(counts[same], one)
        if design.content is not None:
            content[same] &= design.content.holds(_asked(done, same, one))
    maximum = len(design.pool) if design.maximum is None else design.maximum
    return {
        "content": int((~content & whole).sum()),
        "enemies": int(_with_enemies(design, given).sum()),
        "length": int((((length < design.minimum) & whole) | (length > maximum)).sum()),
        "repeats": int((given.sum(axis=1) != length + (done.waiting >= 0)).sum()),
        "excluded": int((given & done.barred).any(axis=1).sum()),
    }


def _asked(done: Simulated, which: Bools, length: int) -> Asked:
    """Return finished sittings of one length as a content method is asked whether they kept its rules."""
    rows = done.rows[which, :length]
    available = np.ones((len(rows), len(done.design.pool)), dtype=np.bool_)
    return Asked(
        done.seed[which], available, rows, done.theta[which], None, lambda _: np.zeros_like(available)
    )


def _with_enemies(design: Design, given: Bools) -> Bools:
    """Return (N,) whether a sitting was given two items of one group of enemies."""
    both = np.zeros(len(given), dtype=np.bool_)
    for group in design.pool.enemies:
        rows = [design.pool.row[item] for item in group if item in design.pool.row]
        both |= given[:, rows].sum(axis=1) > 1
    return both
