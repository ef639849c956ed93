"""Nodes that the E-step may leave out: persons sorted by ability, each block on the nodes where it has mass.

What is left out is bounded, not estimated: at the parameters of the first steps every left-out node holds
less than e^-DEPTH of the person's best one, and the windows are used only while no answer pattern's
log-likelihood can have changed so much that more than e^-DROPPED would be lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.calibration.block import Block
from adaptest.calibration.e_step import Ranges
from adaptest.calibration.latent import Moments
from adaptest.models.base import Floats

DROPPED = 34.0  # e^-34 is 2e-15: all nodes left out together hold less than 1e-12 of a person
DRIFT = 4.0  # log-likelihood units that two nodes may come nearer before the windows are not used
WIDER = 1.25  # reference nodes reach so much farther than the fit's: those of the check lie within


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Where each block of persons has mass, and at which parameters that was found.

    Attributes
    ----------
    theta : (G, R) reference nodes
    table : (C, G R) log-probability of all categories there
    log_density : (G, R) of ability, but for a constant
    longest : answers of the person who gave most
    ranges : of each chunk, infinite where no end is known
    """

    theta: Floats
    table: Floats
    log_density: Floats
    longest: int
    ranges: Ranges

    def hold(self, blocks: tuple[Block, ...], psi: list[Floats], at: Moments, theta: Floats) -> bool:
        """Return whether the windows may be used at these parameters, with these (G, Q) nodes."""
        if (theta[:, 0] < self.theta[:, 0]).any() or (theta[:, -1] > self.theta[:, -1]).any():
            return False
        table = log_probabilities(blocks, psi, self.theta, len(self.table))
        moved = most_by_answers(blocks, np.abs(table - self.table), self.longest)
        moved += np.abs(log_density(self.theta, at) - self.log_density).ravel()
        by_group = moved.reshape(self.theta.shape).max(axis=1)
        return bool((2 * by_group <= DRIFT).all())


def reference(nodes: Floats, spacing: float, at: Moments) -> Floats:
    """Return (G, R) nodes this far apart, in SDs, over a wider range than (Q,) `nodes`."""
    half = int(np.ceil(WIDER * float(np.abs(nodes).max()) / spacing))
    steps = spacing * np.arange(-half, half + 1)
    result: Floats = at.mean[:, None] + np.exp(at.log_sd)[:, None] * steps
    return result


def log_density(theta: Floats, at: Moments) -> Floats:
    """Return (G, R) log normal density at each group's nodes, but for a constant."""
    deviation = (theta - at.mean[:, None]) / np.exp(at.log_sd)[:, None]
    return np.asarray(-0.5 * deviation**2 - at.log_sd[:, None])


def log_probabilities(blocks: tuple[Block, ...], psi: list[Floats], theta: Floats, codes: int) -> Floats:
    """Return (C, G R) log-probability of all categories at (G, R) nodes."""
    table = np.empty((codes, theta.size))
    for block, own in zip(blocks, psi, strict=True):
        table[block.codes] = block.log_probability(own, theta.ravel())
    return table


def most_by_answers(blocks: tuple[Block, ...], size: Floats, longest: int) -> Floats:
    """Return (M,) the largest sum over a person's answers of (C, M) non-negative sizes, one an item."""
    items = np.concatenate([size[block.codes].max(axis=1) for block in blocks])
    if longest < len(items):
        items = np.partition(items, len(items) - longest, axis=0)[-longest:]
    result: Floats = items.sum(axis=0)
    return result
