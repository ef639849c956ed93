"""Criteria that do not look at theta.

Random : every item is as good as any other; the tie draw decides.
FixedOrder : the order of the pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from adaptest.models.base import Bools, Floats
from adaptest.parameters import ItemParameters
from adaptest.selection.base import Posterior, comparable


@dataclass(frozen=True, slots=True)
class Random:
    """Every eligible item alike: 0."""

    needs_posterior: ClassVar[bool] = False

    def __call__(
        self,
        items: ItemParameters,  # noqa: ARG002 (one signature for every criterion)
        theta: Floats,  # noqa: ARG002 (likewise)
        posterior: Posterior | None,  # noqa: ARG002 (likewise)
        eligible: Bools,
    ) -> Floats:
        """Return (N, J) zeros; see Criterion."""
        return comparable(np.zeros(eligible.shape), eligible)

    def bounds(self, items: ItemParameters) -> None:  # noqa: ARG002 (likewise)
        """Return None: there is nothing to bound."""
        return


@dataclass(frozen=True, slots=True)
class FixedOrder:
    """The pool's own order: a form is given from its first item to its last."""

    needs_posterior: ClassVar[bool] = False

    def __call__(
        self,
        items: ItemParameters,
        theta: Floats,  # noqa: ARG002 (one signature for every criterion)
        posterior: Posterior | None,  # noqa: ARG002 (likewise)
        eligible: Bools,
    ) -> Floats:
        """Return (N, J) minus the item's place; see Criterion."""
        return comparable(np.broadcast_to(-np.arange(len(items), dtype=np.float64), eligible.shape), eligible)

    def bounds(self, items: ItemParameters) -> None:  # noqa: ARG002 (likewise)
        """Return None: there is nothing to bound."""
        return
