"""The fit on a finer and wider grid: whether the quadrature decided anything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adaptest.calibration.em import Fitted, Problem, fit
from adaptest.calibration.latent import Latent, log_normal
from adaptest.calibration.options import (
    BOUND,
    FINER,
    GRID_REFINEMENTS,
    GRID_TOLERANCE,
    NODES,
    WIDER,
)
from adaptest.calibration.result import GridCheck, GridUsed


def used(latent: Latent) -> GridUsed:
    """Return the grid of a latent distribution, as it stands in the record."""
    nodes = latent.nodes
    return GridUsed(float(nodes[0]), float(nodes[-1]), len(nodes), latent.moves)


def _refined(latent: Latent) -> Latent:
    """Return the same distribution on a finer and wider grid, one that moves: no group is too wide for it."""
    half = WIDER * float(latent.nodes[-1]) if latent.moves else WIDER * BOUND
    nodes = len(latent.nodes) if latent.moves else NODES
    count = round((nodes - 1) * WIDER * FINER) + 1
    finer = np.linspace(-half, half, count)
    return replace(latent, moves=True, nodes=finer, standard=log_normal(finer, 0.0, 1.0))


def conventional(problem: Problem, fitted: Fitted) -> float:
    """Return how far the log-likelihood moves on nodes fixed at +-BOUND logits, other programs' default."""
    nodes = np.linspace(-BOUND, BOUND, NODES)
    fixed = replace(problem.latent, moves=False, nodes=nodes, standard=log_normal(nodes, 0.0, 1.0))
    return replace(problem, latent=fixed).expected(fitted.state).log_likelihood - fitted.log_likelihood


def check(
    problem: Problem, fitted: Fitted, *, tolerance: float, max_iterations: int, adopt: bool
) -> tuple[Problem, Fitted, GridCheck]:
    """Return the fit to keep, and how far the log-likelihood moves on a finer and wider grid.

    One E-step there gives the log-likelihood, and one M-step what is still to be gained; the fit is
    repeated where the two together are not far below GRID_TOLERANCE. The only group of items with fixed
    slopes, whose variance is free and above 1, is also compared with nodes fixed at +-BOUND logits: that is
    what other programs have, and where it differs it decides.

    Parameters
    ----------
    adopt : whether the finer grid's fit is kept where the grid matters (again and again, up to
        GRID_REFINEMENTS times), or only the fact
    """
    first: GridCheck | None = None
    for _ in range(GRID_REFINEMENTS if adopt else 1):
        finer = replace(problem, latent=_refined(problem.latent))
        there = finer.expected(fitted.state)
        image, gradient, _ = finer.image(fitted.state, there)
        step = finer.layout.pack(image) - finer.layout.pack(fitted.state)
        gain = there.log_likelihood - fitted.log_likelihood
        better = None
        if abs(gain) + abs(0.5 * float(gradient @ step)) > GRID_TOLERANCE / 10:
            better = fit(finer, fitted.state, tolerance=tolerance, max_iterations=max_iterations)
            gain = better.log_likelihood - fitted.log_likelihood
        sensitive = abs(gain) > GRID_TOLERANCE
        value = there.log_likelihood if better is None else better.log_likelihood
        found = GridCheck(used(finer.latent), value, gain, sensitive)
        first = first or found
        if not sensitive or better is None or not adopt:
            break
        problem, fitted = finer, replace(better, history=(*fitted.history, *better.history))
    assert first is not None  # noqa: S101 (there is at least one round)
    if adopt and not first.sensitive and _wide(problem.latent, fitted):
        moved = conventional(problem, fitted)
        if abs(moved) > GRID_TOLERANCE:
            fixed = GridUsed(-BOUND, BOUND, NODES, moves_with_group=False)
            first = GridCheck(fixed, fitted.log_likelihood + moved, moved, sensitive=True)
    return problem, fitted, first


def _wide(latent: Latent, fitted: Fitted) -> bool:
    """Return whether the only group's variance is free because the slopes are fixed, and above 1.

    For a narrower group the conventional nodes are coarser than the fit's own: they say nothing of it.
    """
    alone = len(latent.mean_free) == 1 and not latent.mean_free[0] and bool(latent.variance_free[0])
    return alone and bool(fitted.state.moments.log_sd[0] > 0)
