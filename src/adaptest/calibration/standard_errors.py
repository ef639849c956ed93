"""Sampling covariance of the free parameters, by three ways, the anchors' own errors in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from adaptest.calibration.em import Fitted, Problem
from adaptest.calibration.information import InformationBlock, information
from adaptest.calibration.options import LOUIS_FULL_PARAMETERS
from adaptest.calibration.state import State
from adaptest.models.base import Bools, Floats, Rows

RELATIVE_PIVOT = 1e-10  # of a scaled Cholesky factor: below it the matrix is singular to rounding


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Covariance of the free parameters, in blocks.

    Attributes
    ----------
    places, covariance : of each block, (f,) and (f, f)
    positive_definite : whether the information is; without it there is no covariance
    relative : (F,) the least share of the complete data's information that an item's parameters keep
    blocked : whether different items were taken as independent
    includes_anchor_error : None without anchors
    """

    places: tuple[Rows, ...]
    covariance: tuple[Floats, ...]
    positive_definite: bool
    relative: Floats
    blocked: bool
    includes_anchor_error: bool | None


def errors(
    problem: Problem, fitted: Fitted, method: str, held: Bools, anchors: dict[int, Floats | None]
) -> Errors:
    """Return the covariance where the fit ended.

    Parameters
    ----------
    method : "louis", "cross-product" or "sandwich"
    held : (F,) parameters at a bound: taken as known
    anchors : covariance of each anchored item of the fit, in its slopes and intercepts, None if unknown
    """
    state = fitted.state
    known = {row: matrix for row, matrix in anchors.items() if matrix is not None}
    size = problem.layout.n_free
    if known and size + sum(len(matrix) for matrix in known.values()) <= LOUIS_FULL_PARAMETERS:
        return _with_anchors(problem, state, method, held, known)
    blocks = information(problem, state, fitted.expected)
    relative = _relative(problem, blocks, size)
    places, covariance, definite = [], [], True
    for block in blocks:
        free = ~held[block.places]
        matrix = _covariance(_part(block, free), method)
        if matrix is None:
            definite = False
        elif free.any():
            places.append(block.places[free])
            covariance.append(matrix)
    blocked = len(blocks) > 1
    includes = None if not anchors else False
    return Errors(tuple(places), tuple(covariance) if definite else (), definite, relative, blocked, includes)


def _relative(problem: Problem, blocks: tuple[InformationBlock, ...], size: int) -> Floats:
    """Return (F,) the least share of the complete data's information that an item's parameters keep."""
    result = np.ones(size)
    where = np.zeros(size, dtype=np.intp)
    member = np.zeros(size, dtype=np.intp)
    for k, block in enumerate(blocks):
        where[block.places], member[block.places] = np.arange(len(block.places)), k
    for places in problem.layout.places()[0]:
        for own in places if places.size else ():
            block = blocks[member[own[0]]]
            at = where[own]
            scale = 1 / np.sqrt(np.maximum(block.complete[at], 1e-300))
            scaled = block.observed[np.ix_(at, at)] * scale[:, None] * scale
            result[own] = np.linalg.eigvalsh(scaled)[0] if np.isfinite(scaled).all() else 0.0
    return result


def _part(block: InformationBlock, free: Bools) -> InformationBlock:
    """Return the block without what is held."""
    where = np.ix_(free, free)
    return InformationBlock(
        block.places[free],
        block.observed[where],
        block.cross[where],
        block.prior[where],
        block.complete[free],
    )


def _covariance(block: InformationBlock, method: str) -> Floats | None:
    """Return the covariance of one block, None where the information is not positive definite."""
    if not block.places.size:
        return np.zeros((0, 0))
    matrix = block.cross + block.prior if method == "cross-product" else block.observed
    inverse = inverse_definite(matrix)
    if inverse is None or method != "sandwich":
        return inverse
    return np.asarray(inverse @ block.cross @ inverse)


def inverse_definite(matrix: Floats) -> Floats | None:
    """Return the inverse of a symmetric matrix, None where it is not positive definite to rounding."""
    diagonal = np.diag(matrix)
    if not (np.isfinite(matrix).all() and (diagonal > 0).all()):
        return None
    scale = 1 / np.sqrt(diagonal)
    try:
        factor = np.linalg.cholesky((matrix + matrix.T) / 2 * scale[:, None] * scale)
    except np.linalg.LinAlgError:
        return None
    if np.diag(factor).min(initial=1) ** 2 < RELATIVE_PIVOT:
        return None
    half = np.linalg.solve(factor, np.diag(scale))
    return np.asarray(half.T @ half)


def _with_anchors(
    problem: Problem, state: State, method: str, held: Bools, known: dict[int, Floats]
) -> Errors:
    r"""Return the covariance with the anchors' errors propagated.

    .. math:: V = I_{ff}^{-1} + J\,V_a\,J', \quad J = -I_{ff}^{-1} I_{fa}

    with the information I of the free parameters f and the anchors' a as if those were free too.
    """
    blocks, own = [], []
    for block, psi, mine in zip(problem.blocks, problem.layout.psi(state), state.own, strict=True):
        anchored = block.local.shape[1] == 0 and any(int(row) in known for row in block.rows)
        p = psi.shape[1]
        opened = replace(block, local=np.eye(p), base=np.zeros_like(psi)) if anchored else block
        blocks.append(opened)
        own.append(psi if anchored else mine)
    wide = replace(problem, blocks=tuple(blocks))
    (whole,) = information(wide, replace(state, own=tuple(own)))
    own_places, common_places, group_places, size = wide.layout.places()
    free_places, anchor_places = [], []
    error = np.zeros((size, size))
    for block, opened, places, common in zip(
        problem.blocks, wide.blocks, own_places, common_places, strict=True
    ):
        if opened is block:
            free_places += [places.ravel(), common]
            continue
        for row, place in zip(block.rows, places, strict=True):
            if int(row) in known:
                anchor_places.append(place)
                error[np.ix_(place, place)] = known[int(row)]
    for column in range(2):
        free_places.append(group_places[group_places[:, column] >= 0, column])
    free, anchor = np.concatenate(free_places), np.concatenate(anchor_places)
    relative = np.ones(problem.layout.n_free)
    relative[:] = _relative(wide, (whole,), size)[free]
    free = free[~held]
    part = np.isin(np.arange(size), free)
    matrix = _covariance(_part(whole, part), method)
    if matrix is None:
        return Errors((), (), positive_definite=False, relative=relative, blocked=False,
                      includes_anchor_error=False)  # fmt: skip
    inverse = inverse_definite(whole.observed[np.ix_(free, free)])
    if inverse is not None:
        change = -inverse @ whole.observed[np.ix_(free, anchor)]
        matrix = matrix + change @ error[np.ix_(anchor, anchor)] @ change.T
    return Errors(
        (np.flatnonzero(~held),), (matrix,), positive_definite=True, relative=relative, blocked=False,
        includes_anchor_error=inverse is not None,
    )  # fmt: skip
