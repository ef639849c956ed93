"""The observed information at the maximum (Louis) and the cross-product of person scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.calibration.block import Block
from adaptest.calibration.coding import Chunk, Coded
from adaptest.calibration.e_step import Expected, GroupTable, group_tables
from adaptest.calibration.em import Problem
from adaptest.calibration.information_dense import dense_pieces
from adaptest.calibration.information_line import applies, line_pieces
from adaptest.calibration.information_rows import item_pieces, row_pieces
from adaptest.calibration.options import LOUIS_FULL_PARAMETERS
from adaptest.calibration.score_table import ScoreTable, score_tables
from adaptest.calibration.state import State
from adaptest.models.base import Floats, Rows

DENSE_BYTES = 4e8  # of the dense way's matrices, one a node
NODES_TOUCHED = 20  # of 61: where a person's posterior is not negligible (measured)
SMALL_PRODUCTS = 3  # times slower than large ones (measured)


@dataclass(frozen=True, slots=True, eq=False)
class InformationBlock:
    r"""Information about some free parameters, at `places` (f,) of the vector.

    .. math:: I = E[-\partial^2 l_c] - \sum_n E[S_n S_n'] + \sum_n \hat S_n \hat S_n'

    Attributes
    ----------
    observed : (f, f) of the log-posterior, priors in it
    cross : (f, f) sum of the persons' scores times themselves
    prior : (f, f) the priors' share of `observed`
    complete : (f,) diagonal of the complete data's information, priors in it

    References
    ----------
    Louis (1982), Journal of the Royal Statistical Society B 44(2), 226-233.
    """

    places: Rows
    observed: Floats
    cross: Floats
    prior: Floats
    complete: Floats


def information(
    problem: Problem, state: State, expected: Expected | None = None
) -> tuple[InformationBlock, ...]:
    """Return the information at `state`: one block, or one an item above LOUIS_FULL_PARAMETERS parameters.

    In blocks, what is common to several items and each group's moments have blocks of their own.

    Parameters
    ----------
    expected : the E-step at `state`, if it is there; done here otherwise
    """
    if expected is None:
        expected = problem.expected(state)
    scores = score_tables(problem, state)
    tables = _tables(problem, state)
    size = problem.layout.n_free
    if size > LOUIS_FULL_PARAMETERS:
        return _in_blocks(problem, state, problem.expected(state, counts=True), scores, tables)
    complete, prior = _complete(problem, state, expected)
    if applies(problem):
        second, cross = line_pieces(problem, state, scores, tables, size)
    else:
        pieces = dense_pieces if _dense_is_cheaper(problem.coded, scores[0]) else row_pieces
        second, cross = pieces(problem, scores, tables, size)
    diagonal = np.diag(complete).copy()
    return (InformationBlock(np.arange(size), complete - second + cross, cross, prior, diagonal),)


def _tables(problem: Problem, state: State) -> tuple[GroupTable, ...]:
    theta, log_weight = problem.latent.grid(state.moments)
    table = np.empty((problem.coded.n_codes, theta.size))
    for block, psi in zip(problem.blocks, problem.layout.psi(state), strict=True):
        table[block.codes] = block.log_probability(psi, theta.ravel())
    return group_tables(problem.coded, table, theta, log_weight, None)


def _dense_is_cheaper(coded: Coded, scores: ScoreTable) -> bool:
    """Return whether whole products, one a node, cost less than one small product a person."""
    columns = coded.n_codes - len(coded.wrong)
    nodes = scores.own.shape[-1]
    if columns**2 * nodes * 8 > DENSE_BYTES:
        return False
    cells = sum(_cells(chunk, coded) for chunk in coded.chunks)
    persons = max(sum(len(chunk) for chunk in coded.chunks), 1)
    rows = cells / persons * scores.own.shape[1]
    return bool(columns**2 * NODES_TOUCHED <= rows**2 * nodes * 2 * SMALL_PRODUCTS)


def _cells(chunk: Chunk, coded: Coded) -> int:
    joint = sum(len(unit.codes) for unit in coded.units)
    return int(chunk.dense.size + (len(chunk) * joint if coded.units else len(chunk.index)))


def _item_parts(block: Block, psi: Floats, theta: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return (J, f, f) the complete data's information with the priors, and the priors' alone.

    The f parameters are an item's own, then the common ones.
    """
    likelihood = block.observed_information(psi, theta, counts)
    density = block.prior_information(psi) if block.priors.any else np.zeros_like(likelihood)
    loading = np.concatenate([block.local, block.shared], axis=1)
    return loading.T @ (likelihood + density) @ loading, loading.T @ density @ loading


def _complete(problem: Problem, state: State, expected: Expected) -> tuple[Floats, Floats]:
    """Return the complete data's information, priors in it, and the priors' share: (F, F) each."""
    own_places, common_places, group_places, size = problem.layout.places()
    total, prior = np.zeros((size, size)), np.zeros((size, size))
    theta, _ = problem.latent.grid(state.moments)
    psi = problem.layout.psi(state)
    for block, values, own, common in zip(problem.blocks, psi, own_places, common_places, strict=True):
        if not (own.size or common.size):
            continue
        places = np.concatenate([own, np.broadcast_to(common, (len(block), len(common)))], axis=1)
        both, density = _item_parts(block, values, theta.ravel(), expected.counts[block.codes])
        for source, goal in ((both, total), (density, prior)):
            np.add.at(goal, (places[:, :, None], places[:, None, :]), source)
    for g, places in enumerate(group_places):
        free = places >= 0
        if free.any():
            second = problem.latent.second(state.moments, g, expected.mass[g])[np.ix_(free, free)]
            total[np.ix_(places[free], places[free])] += second
    return total, prior


def _in_blocks(
    problem: Problem,
    state: State,
    expected: Expected,
    scores: tuple[ScoreTable, ...],
    tables: tuple[GroupTable, ...],
) -> tuple[InformationBlock, ...]:
    """Return one block an item, one for each set of common parameters, one for each group's moments."""
    second, cross, group_second, group_cross = item_pieces(problem, scores, tables, expected.counts)
    own_places, common_places, group_places, _ = problem.layout.places()
    theta, _ = problem.latent.grid(state.moments)
    result, at = [], 0
    for block, psi, own, common in zip(
        problem.blocks, problem.layout.psi(state), own_places, common_places, strict=True
    ):
        p, h = own.shape[1], len(common)
        if not p + h:
            continue
        both, density = _item_parts(block, psi, theta.ravel(), expected.counts[block.codes])
        e_square = second[block.codes].sum(axis=1)[:, :p, :p]
        square = cross[block.codes].sum(axis=1)[:, :p, :p]
        for j in range(len(block) if p else 0):
            complete, prior = both[j, :p, :p], density[j, :p, :p]
            observed = complete - e_square[j] + square[j]
            result.append(InformationBlock(own[j], observed, square[j], prior, np.diag(complete).copy()))
        if h:
            mine = slice(at, at + h)
            complete, prior = both[:, p:, p:].sum(axis=0), density[:, p:, p:].sum(axis=0)
            e_all = np.sum([part[mine, mine] for part in group_second], axis=0)
            all_cross = np.sum([part[mine, mine] for part in group_cross], axis=0)
            observed = complete - e_all + all_cross
            result.append(InformationBlock(common, observed, all_cross, prior, np.diag(complete).copy()))
            at += h
    for g, places in enumerate(group_places):
        free = places >= 0
        if free.any():
            complete = problem.latent.second(state.moments, g, expected.mass[g])[np.ix_(free, free)]
            square = group_cross[g][at:, at:]
            observed = complete - group_second[g][at:, at:] + square
            none = np.zeros_like(complete)
            result.append(InformationBlock(places[free], observed, square, none, np.diag(complete).copy()))
    return tuple(result)
