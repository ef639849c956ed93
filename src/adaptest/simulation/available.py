"""How much information the pool has at each theta, for any number of its items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters

STEP, LIMIT = 0.05, 6.0  # logits: nodes at which information is looked up, and how far out they go


@dataclass(frozen=True, slots=True, eq=False)
class Available:
    """Information of J items at Q nodes of theta; a theta is looked up at the nearest node.

    Attributes
    ----------
    nodes : (Q,) logits
    information : (Q, J)
    best : (Q, J + 1) the most that any number of items gives together
    """

    nodes: Floats
    information: Floats
    best: Floats

    @classmethod
    def of(cls, items: ItemParameters) -> Available:
        """Return the table of these items."""
        half = round(LIMIT / STEP)
        nodes: Floats = np.arange(-half, half + 1, dtype=np.float64) * STEP
        information = items.information(nodes)
        return cls(nodes, information, most(information))

    def node(self, theta: Floats) -> Rows:
        """Return (n,) the node of each theta; that of 0 where it is nan."""
        place = np.rint(np.nan_to_num(theta, nan=0.0, posinf=LIMIT, neginf=-LIMIT) / STEP)
        half = round(LIMIT / STEP)
        return (np.clip(place, -half, half) + half).astype(np.intp)

    def used(self, node: Rows, rows: Rows) -> Floats:
        """Return (n,) the information at each node of items `rows` (n, L); -1 is none."""
        each = np.where(rows >= 0, self.information[node[:, None], rows], 0.0)
        used = np.zeros(len(rows))
        for column in each.T:  # one after the other: what is padded with 0 sums to the same bits
            used += column
        return used


def most(information: Floats) -> Floats:
    """Return (Q, J + 1) the largest sums of 0, 1, ..., J items' information (Q, J)."""
    ordered = -np.sort(-information, axis=1)
    return np.concatenate([np.zeros((len(ordered), 1)), np.cumsum(ordered, axis=1)], axis=1)
