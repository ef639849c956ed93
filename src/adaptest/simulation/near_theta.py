"""Pretest items chosen near theta in simulated sittings, by the function that chooses them in live ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adaptest.engine.batch import Sittings
from adaptest.engine.contiguous import set_goes_on
from adaptest.engine.design import Design
from adaptest.engine.pretest import OPEN, scored_enemies, targeted
from adaptest.engine.recording import why_not_beside
from adaptest.models.base import Rows

Dealt = tuple[tuple[int, str], ...]  # a sitting's pretest items: place, item


@dataclass(slots=True, eq=False)
class NearTheta:
    """The open places of N sittings, and what was chosen for them.

    Attributes
    ----------
    seed : (N,) of each sitting
    shown : (N,) how often each pretest item was shown before that sitting began
    open : (N,) its open places, ascending
    chosen : (N,) (place, item) for those that were reached; item OPEN where none fitted
    """

    design: Design
    seed: NDArray[np.uint64]
    shown: Sequence[Mapping[str, int]]
    open: list[list[int]]
    chosen: list[list[tuple[int, str]]]

    @classmethod
    def of(
        cls,
        design: Design,
        seed: NDArray[np.uint64],
        pretest: Sequence[Dealt],
        shown: Sequence[Mapping[str, int]],
    ) -> NearTheta | None:
        """Return the places before the first item; None where there is nothing to choose."""
        places = [[place for place, item in dealt if item == OPEN] for dealt in pretest]
        if not any(places):
            return None
        return cls(design, seed, shown, places, [[] for _ in places])

    def choose(self, active: Rows, sittings: Sittings) -> Sittings:
        """Return sittings `active` (m,) without the enemies of what is chosen for the places they reached.

        A place inside an item set that goes on waits for its end.
        """
        for k, n in enumerate(active.tolist()):
            while self._is_reached(n, sittings.length):
                if set_goes_on(sittings.take(np.array([k])), self.design):
                    break
                item = self._item(n, self.open[n].pop(0), sittings.take(np.array([k])))
                rows = [self.design.pool.row[rival] for rival in scored_enemies(self.design.pool, (item,))]
                if rows:
                    available = sittings.available.copy()
                    available[k, rows] = False
                    sittings = replace(sittings, available=available)
        return sittings

    def _is_reached(self, n: int, length: int) -> bool:
        """Return whether a sitting has shown as many items as come before its next open place."""
        shown = length + sum(item != OPEN for _, item in self.chosen[n])
        return bool(self.open[n]) and self.open[n][0] <= shown

    def _item(self, n: int, place: int, sitting: Sittings) -> str:
        """Return the item for a place, noted as chosen."""
        design = self.design
        assert design.seeding is not None  # noqa: S101 (open places are dealt by it)
        others = {one for _, one in self.chosen[n]} | {design.pool.ids[row] for row in sitting.rows[0]}
        item = targeted(
            design.seeding,
            design.pool,
            int(self.seed[n]),
            place,
            float(sitting.theta[0]),
            shown=self.shown[n],
            seen=(),
            fits=lambda one: not why_not_beside(one, others, sitting, design),
        )
        self.chosen[n].append((place, item))
        return item
