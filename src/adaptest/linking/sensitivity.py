"""How the constants of a link move with the parameters they were made from, and what error that gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from adaptest.calibration.result import CovarianceBlock
from adaptest.linking.derivatives import ParameterSlope
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters

Key = tuple[str, str]  # item id, column of the parameter table


@dataclass(slots=True, eq=False)
class Sensitivity:
    """Derivatives of A and B, (2,) for each parameter of one form; a parameter not named has none."""

    of: dict[Key, Floats] = field(default_factory=dict)

    def add(self, items: ItemParameters, part: ParameterSlope, change: Floats) -> None:
        """Add (2, M) to a column's items."""
        for row, one in zip(part.rows.tolist(), change.T, strict=True):
            key = items.ids[row], part.name
            self.of[key] = self.of[key] + one if key in self.of else one

    def put(self, item: str, name: str, change: Sequence[float]) -> None:
        """Add (2,) to one parameter."""
        key = item, name
        self.of[key] = self.of.get(key, np.zeros(2)) + np.asarray(change, dtype=np.float64)

    def solved(self, hessian: Floats) -> Sensitivity:
        """Return minus the inverse of the criterion's Hessian times the slopes of its gradient."""
        free = slice(2 - len(hessian), 2)
        keys = list(self.of)
        moves = np.zeros((2, len(keys)))
        if keys:
            slopes = np.array([self.of[key] for key in keys]).T
            moves[free] = -np.linalg.solve(hessian, slopes[free])
        return Sensitivity(dict(zip(keys, moves.T, strict=True)))

    def over(self, block: CovarianceBlock) -> Floats:
        """Return (2, p) the derivatives in a block's parameters, in its order."""
        none = np.zeros(2)
        return np.array([self.of.get(key, none) for key in block.parameters]).reshape(-1, 2).T

    def covariance(self, blocks: Sequence[CovarianceBlock]) -> Floats:
        """Return (2, 2) the covariance of A and B that one form's errors give."""
        total = np.zeros((2, 2))
        for block in blocks:
            moves = self.over(block)
            total += moves @ block.matrix @ moves.T
        return total
