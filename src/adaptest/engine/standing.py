"""What stopping rules may look at, of N sittings."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from adaptest.engine.batch import Sittings
from adaptest.engine.exposing import able
from adaptest.models.base import Floats, Rows
from adaptest.stopping import Standing

if TYPE_CHECKING:
    from adaptest.engine.design import Design


def standing_of(design: Design, sittings: Sittings) -> Standing:
    """Return how the sittings stand; what costs is made when a rule asks for it."""

    @cache
    def most_informative() -> tuple[Rows, Floats]:
        return _most_informative(design, sittings)

    return Standing(
        theta=sittings.theta,
        sem=sittings.sem,
        rows=sittings.rows,
        scores=sittings.scores,
        items=design.pool.parameters,
        most_informative=lambda: most_informative()[1],
        log_probability=design.log_probability,
        path=sittings.path,
        time_s=sittings.time_s,
        best_next=lambda: most_informative()[0],
        posterior=lambda: (design.setting.theta, design.situation(sittings, sittings.available).posterior),
    )


def _most_informative(design: Design, sittings: Sittings) -> tuple[Rows, Floats]:
    """Return (N,) the most informative item that may come next, -1 for none, and its information."""
    information = np.round(design.pool.parameters.information(sittings.theta), 9)
    open_, _ = able(design.controls, sittings, design.allowed(sittings))
    known = np.where(open_, information, -np.inf)
    best = known.argmax(axis=1)
    most: Floats = known[np.arange(len(best)), best]
    return np.where(most > -np.inf, best, -1), most
