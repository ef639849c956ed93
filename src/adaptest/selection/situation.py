"""What a choice may look at: what is fixed before the first item, and how N sittings stand now."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Setting:
    """What criteria and pickers know before the first item.

    Attributes
    ----------
    items : the pool's J items, as criteria see them
    theta : (Q,) nodes of the posteriors, logits, ascending
    log_weight : (Q,) log of prior density times the nodes' own weights
    minimum, maximum : scored items; a maximum of None goes on until no item is left
    cuts : theta of the exam's own cut; () where it has none
    """

    items: ItemParameters
    theta: Floats
    log_weight: Floats
    minimum: int
    maximum: int | None
    cuts: tuple[float, ...] = ()
    _kept: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` gives, made once for each key: tables that follow from the setting alone."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found


@dataclass(frozen=True, eq=False)
class Situation:
    """What a choice may look at in N sittings that have answered the same number of scored items.

    What costs is made when first asked for, once.

    Attributes
    ----------
    setting : what is fixed before the first item
    seed : (N,) 64 bits: names draws of a sitting's own, see `adaptest.numerics.random`
    theta, sem : (N,) logits, rounded to 1e-6
    rows, scores : (N, n) scored items in order, and the category each was scored in
    eligible : (N, J) what may come next
    carried : gives the (N, Q) log-posteriors at the setting's nodes, up to a constant of each sitting
    """

    setting: Setting
    seed: NDArray[np.uint64]
    theta: Floats
    sem: Floats
    rows: Rows
    scores: Rows
    eligible: Bools
    carried: Callable[[], Floats]

    def __len__(self) -> int:
        return len(self.theta)

    @property
    def length(self) -> int:
        """Scored items answered."""
        return int(self.rows.shape[1])

    @cached_property
    def log_posterior(self) -> Floats:
        """(N, Q) log of prior, nodes' weights and likelihood, up to a constant of each sitting."""
        return self.carried()

    @cached_property
    def posterior(self) -> Floats:
        """(N, Q) posterior mass at the nodes; each row sums to 1."""
        return _mass(self.log_posterior)

    @cached_property
    def log_likelihood(self) -> Floats:
        """(N, Q) log-likelihood of the responses so far, up to a constant of each sitting."""
        likelihood: Floats = self.log_posterior - self.setting.log_weight
        return likelihood

    def take(self, which: Rows | Bools) -> Situation:
        """Return some of the sittings."""
        return Situation(
            self.setting,
            self.seed[which],
            self.theta[which],
            self.sem[which],
            self.rows[which],
            self.scores[which],
            self.eligible[which],
            lambda: self.log_posterior[which],
        )


def _mass(log_posterior: Floats) -> Floats:
    """Return masses whose rows sum to 1."""
    mass: Floats = np.exp(log_posterior - np.maximum.reduce(log_posterior, axis=1, keepdims=True))
    mass /= np.add.reduce(mass, axis=1, keepdims=True)
    return mass
