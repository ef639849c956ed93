"""Criteria that do not look at theta.

Random : every item is as good as any other; the tie draw decides.
FixedOrder : the order of the pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.models.base import Floats
from adaptest.selection.base import comparable
from adaptest.selection.situation import Setting, Situation


@dataclass(frozen=True, slots=True)
class Random:
    """Every eligible item alike: 0."""

    words: ClassVar[str] = "nothing: every item is as good as any other, and chance decides"
    proportionate: ClassVar[bool] = True

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J) zeros; see Criterion."""
        return comparable(np.zeros(situation.eligible.shape), situation.eligible)

    def bounds(self, setting: Setting) -> None:  # noqa: ARG002 (one signature for every criterion)
        """Return None: there is nothing to bound."""
        return

    def check(self, setting: Setting) -> None:
        """Allow every setting."""


@dataclass(frozen=True, slots=True)
class FixedOrder:
    """The pool's own order: a form is given from its first item to its last."""

    words: ClassVar[str] = "minus the item's place in the form, from 0"
    proportionate: ClassVar[bool] = False

    def __call__(self, situation: Situation) -> Floats:
        """Return (N, J) minus the item's place; see Criterion."""
        shape = situation.eligible.shape
        place = -np.arange(shape[1], dtype=np.float64)
        return comparable(np.broadcast_to(place, shape), situation.eligible)

    def bounds(self, setting: Setting) -> None:  # noqa: ARG002 (one signature for every criterion)
        """Return None: there is nothing to bound."""
        return

    def check(self, setting: Setting) -> None:
        """Allow every setting."""
