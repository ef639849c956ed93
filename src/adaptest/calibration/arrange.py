"""Persons sorted by ability, and the nodes that each block of them needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from adaptest.calibration.coding import Chunk, Coded
from adaptest.calibration.e_step import GroupTable, group_tables, log_values
from adaptest.calibration.em import Problem
from adaptest.calibration.logistic_kernel import LogisticKernel
from adaptest.calibration.options import BLOCK
from adaptest.calibration.state import State
from adaptest.calibration.windows import (
    DRIFT,
    DROPPED,
    Windows,
    log_density,
    log_probabilities,
    reference,
)
from adaptest.models.base import Rows

SPACING = 2  # of the reference nodes, over that of the fit's
LINE = 2  # parameters of a logistic curve without asymptotes


def arranged(problem: Problem, rough: Coded, state: State) -> Problem:
    """Return the problem with the persons of each group sorted by ability, and with windows.

    Or as it is, where a model's likelihood has more than one summit: beyond a node that is far below the best
    one, only a log-concave likelihood is sure to fall on.

    Parameters
    ----------
    rough : the same persons in the same order, in single precision
    state : where the windows are found, near the maximum
    """
    if any(isinstance(one.kernel, LogisticKernel) and one.kernel.parameters > LINE for one in problem.blocks):
        return problem
    coded, blocks, moments = problem.coded, problem.blocks, state.moments
    nodes = problem.latent.nodes
    theta = reference(nodes, SPACING * float(nodes[1] - nodes[0]), moments)
    table = log_probabilities(blocks, problem.layout.psi(state), theta, coded.n_codes)
    density = log_density(theta, moments)
    longest = _longest(coded, sum(len(block) for block in blocks))
    tables = group_tables(rough, table, theta, density, None)
    spans = problem.pool.map(lambda chunk: _span(chunk, tables[chunk.group], DROPPED + DRIFT), rough.chunks)
    order, ranges = [], []
    for g in range(coded.n_groups):
        own = [span for chunk, span in zip(coded.chunks, spans, strict=True) if chunk.group == g]
        span = np.concatenate([np.empty((0, 2), np.intp), *own])
        order.append(np.argsort(span.sum(axis=1), kind="stable"))
        edge = np.concatenate([[-np.inf], theta[g], [np.inf]])
        for part in np.split(span[order[g]], np.cumsum([len(one) for one in own])[:-1]) if own else ():
            cuts = np.arange(0, len(part), BLOCK)
            low, high = np.minimum.reduceat(part[:, 0], cuts), np.maximum.reduceat(part[:, 1], cuts)
            ranges.append(np.stack([edge[low], edge[high + 2]], axis=1))
    windows = Windows(theta, table, density, longest, tuple(ranges))
    return replace(problem, coded=coded.ordered(tuple(order)), windows=windows)


def _longest(coded: Coded, items: int) -> int:
    """Return the answers of the person who gave most, or a number above it."""
    if coded.units or len(coded.wrong):
        return items
    return max(int(np.diff(chunk.start).max(initial=0)) for chunk in coded.chunks)


def _span(chunk: Chunk, table: GroupTable, depth: float) -> Rows:
    """Return (n, 2) the first and the last reference node within `depth` of each person's best one."""
    parts = []
    for block in log_values(chunk, table, None):
        near = block.values >= (block.values.max(axis=1) - depth)[:, None]
        parts.append(
            np.stack([near.argmax(axis=1), near.shape[1] - 1 - near[:, ::-1].argmax(axis=1)], axis=1)
        )
    return np.concatenate(parts)
