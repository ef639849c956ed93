"""Derivatives of the complete data's log-likelihood at the nodes, category by category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.calibration.em import Problem
from adaptest.calibration.state import State
from adaptest.models.base import Floats, Rows


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """What an answer in each of C categories adds to the score of F free parameters, in one group.

    Attributes
    ----------
    own : (C, p, Q) derivatives in the item's own parameters; own_at : (C, p) their places, -1 where none
    common : (C, h, Q) derivatives in parameters common to a block; common_at : (h,) their places
    person : (m, Q) derivatives in the group's mean and log SD; person_at : (m,) their places
    theta, log_weight : (Q,) nodes and log prior mass
    """

    own: Floats
    own_at: Rows
    common: Floats
    common_at: Rows
    person: Floats
    person_at: Rows


def score_tables(problem: Problem, state: State) -> tuple[ScoreTable, ...]:
    """Return each group's table."""
    theta, _ = problem.latent.grid(state.moments)
    groups, q = theta.shape
    own_places, common_places, group_places, _ = problem.layout.places()
    width = max((block.local.shape[1] for block in problem.blocks), default=0)
    common_at = np.concatenate([*common_places, np.empty(0, np.intp)]).astype(np.intp)
    codes = problem.coded.n_codes
    own = np.zeros((codes, width, groups * q))
    own_at = np.full((codes, width), -1, dtype=np.intp)
    common = np.zeros((codes, len(common_at), groups * q))
    at = 0
    psi = problem.layout.psi(state)
    for block, values, places in zip(problem.blocks, psi, own_places, strict=True):
        p, h = block.local.shape[1], block.shared.shape[1]
        if p + h == 0:
            continue
        scores = block.scores(values, theta.ravel())
        own[block.codes, :p] = np.einsum("jkpm,pl->jklm", scores, block.local, optimize=True)
        own_at[block.codes, :p] = places[:, None]
        common[block.codes, at : at + h] = np.einsum("jkpm,ph->jkhm", scores, block.shared)
        at += h
    result = []
    for g in range(groups):
        part = slice(g * q, (g + 1) * q)
        free = group_places[g] >= 0
        person, _ = problem.latent.scores(state.moments, g) if free.any() else (np.zeros((2, q)), None)
        result.append(
            ScoreTable(
                np.ascontiguousarray(own[..., part]),
                own_at,
                np.ascontiguousarray(common[..., part]),
                common_at,
                person[free],
                group_places[g][free],
            )
        )
    return tuple(result)
