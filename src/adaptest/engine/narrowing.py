"""What may come next in N sittings: by content rules, by exposure control, by the content method, in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from adaptest.constraints.content import Answer, Asked, answered
from adaptest.engine.batch import Sittings
from adaptest.engine.exposing import able
from adaptest.models.base import Bools

if TYPE_CHECKING:
    from adaptest.engine.design import Design


class Open(NamedTuple):
    """What may come next in N sittings, and what narrowed it: (N, J) each; see Choice.

    Attributes
    ----------
    open : of those able, what the content method lets through
    aside : (N,) whether eligibility was set aside
    """

    allowed: Bools
    able: Bools
    open: Bools
    aside: Bools
    answer: Answer | None


def narrowed(design: Design, sittings: Sittings, tests: Bools | None) -> Open:
    """Return what may come next, and what narrowed it; `tests` as `Design.choose` takes them."""
    allowed = design.allowed(sittings)
    able_, aside = able(design.controls, sittings, allowed)
    if design.content is None:
        return Open(allowed, able_, able_, aside, None)
    answer, stuck = answered(
        design.content, lambda rows: asked(design, sittings, rows), able_, allowed, tests
    )
    able_ = np.where(stuck[:, None], allowed, able_)
    open_ = able_ & answer.allowed
    if design.opening is not None:
        open_ = design.opening.within(open_, sittings.length)
    return Open(allowed, able_, open_, aside | stuck, answer)


def asked(design: Design, sittings: Sittings, eligible: Bools) -> Asked:
    """Return the sittings as a content method sees them.

    Parameters
    ----------
    eligible : (N, J) what may come next
    """
    return Asked(
        sittings.seed,
        eligible,
        sittings.rows,
        sittings.theta,
        sittings.plan,
        lambda rows: design.criterion_at(sittings.length)[0](design.situation_of(sittings, rows)),
        sittings.available,
    )
