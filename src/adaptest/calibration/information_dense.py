"""Louis' sums where most persons met most items: one product of answer indicators a node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from adaptest.calibration.answers import indicators
from adaptest.calibration.coding import Chunk, Coded
from adaptest.calibration.e_step import GroupTable, posteriors
from adaptest.calibration.em import Problem
from adaptest.calibration.options import BLOCK, CHUNKS
from adaptest.calibration.score_table import ScoreTable
from adaptest.models.base import Bools, Floats, Rows

PERSONS = 8 * BLOCK  # worked on together
NEGLIGIBLE = 1e-9  # posterior mass: a person with less at a node does not enter that node's product


@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """A person's score is answers (1 + C',) times a sparse matrix (1 + C', F) that depends on the node.

    codes : (C',) the category of each answer column; the first column, before them, is always 1
    row, column : (E,) the matrix' entries, ordered by column; starts : where each of `parameters` begins
    value : (E, Q)
    """

    codes: Rows
    row: Rows
    column: Rows
    starts: Rows
    parameters: Rows
    value: Floats


def dense_pieces(
    problem: Problem, scores: tuple[ScoreTable, ...], tables: tuple[GroupTable, ...], size: int
) -> tuple[Floats, Floats]:
    """Return the sums over persons of E[S S'] and of E[S] E[S]', (F, F) each."""
    coded = problem.coded
    whole = _complete_items(coded)
    second, cross = np.zeros((size, size)), np.zeros((size, size))
    for g in range(coded.n_groups):
        pattern = _pattern(coded, scores[g], whole)
        nodes = len(tables[g].theta)
        product = np.zeros((nodes, len(pattern.codes) + 1, len(pattern.codes) + 1))
        for chunk in coded.chunks:
            if chunk.group == g:
                for lo in range(0, len(chunk), PERSONS):
                    hi = min(lo + PERSONS, len(chunk))
                    cross += _persons(problem, chunk.part(lo, hi), pattern, tables[g], product, size)
        for q in range(nodes):
            entry = csr_array(
                (pattern.value[:, q], (pattern.row, pattern.column)), shape=(product.shape[1], size)
            )
            half = np.asarray(entry.T @ product[q])
            second += np.asarray(entry.T @ half.T)
    return second, cross


def _complete_items(coded: Coded) -> Bools:
    """Return (C,) whether a category belongs to an item that everybody answered."""
    result = np.zeros(coded.n_codes, dtype=np.bool_)
    answered = np.ones(len(coded.wrong), dtype=np.bool_)
    for chunk in coded.chunks:
        if not chunk.complete:
            answered &= (chunk.dense >= 0).all(axis=0)
    result[coded.wrong[answered]] = True
    result[coded.right[answered]] = True
    for unit in coded.units:
        for codes, size in zip(unit.codes, unit.sizes, strict=True):
            result[codes] = size == len(codes)
    return result


def _pattern(coded: Coded, scores: ScoreTable, whole: Bools) -> _Pattern:
    """Return where and what a person's answers add to the scores.

    Of an item that everybody answered, the lowest category is taken as given, and the others add the
    difference from it.
    """
    first = np.zeros(coded.n_codes, dtype=np.intp)
    lowest = np.zeros(coded.n_codes, dtype=np.bool_)
    groups = [np.stack([coded.wrong, coded.right], axis=1)] if len(coded.wrong) else []
    items = [row for part in groups for row in part]
    items += [codes for unit in coded.units for codes in unit.codes]
    if not items:
        first[:] = np.arange(coded.n_codes)
    for codes in items:
        first[codes] = codes[0]
        lowest[codes[0]] = whole[codes[0]]
    codes = np.flatnonzero(~lowest)
    base = np.where(whole[codes], 1.0, 0.0)[:, None, None]
    row, column, value = [], [], []
    for table, at in (
        (scores.own, scores.own_at),
        (scores.common, np.broadcast_to(scores.common_at, (coded.n_codes, len(scores.common_at)))),
    ):
        entries = table[codes] - base * table[first[codes]]
        r, c = np.nonzero((at[codes] >= 0) & entries.any(axis=2))
        row.append(r + 1)
        column.append(at[codes][r, c])
        value.append(entries[r, c])
        given = np.flatnonzero(lowest)
        g, c = np.nonzero(at[given] >= 0)
        constant = np.zeros((int(at.max(initial=-1)) + 1, table.shape[2]))
        np.add.at(constant, at[given][g, c], table[given][g, c])
        filled = np.flatnonzero(constant.any(axis=1))
        row.append(np.zeros(len(filled), np.intp))
        column.append(filled)
        value.append(constant[filled])
    row.append(np.zeros(len(scores.person_at), np.intp))
    column.append(scores.person_at)
    value.append(scores.person)
    columns = np.concatenate(column)
    order = np.argsort(columns, kind="stable")
    parameters, starts = np.unique(columns[order], return_index=True)
    return _Pattern(
        codes, np.concatenate(row)[order], columns[order], starts, parameters, np.concatenate(value)[order]
    )


def _persons(
    problem: Problem, chunk: Chunk, pattern: _Pattern, table: GroupTable, product: Floats, size: int
) -> Floats:
    """Add some persons' answer products to (Q, 1 + C', 1 + C') `product`; return their E[S] E[S]'."""
    n = len(chunk)
    posterior = np.empty((n, len(table.theta)))
    for lo, hi, values in posteriors(chunk, table):
        posterior[lo:hi] = values
    order = np.argsort(posterior @ table.theta, kind="stable")
    posterior, weight = posterior[order], chunk.weight[order]
    answers = np.empty((n, len(pattern.codes) + 1))
    answers[:, 0] = 1
    answers[:, 1:] = indicators(problem.coded, chunk, pattern.codes)[order]
    across, weights = np.ascontiguousarray(answers.T), np.ascontiguousarray(posterior.T)

    def scores(block: int) -> Floats:
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        terms = pattern.value @ weights[:, part]
        terms *= across[:, part][pattern.row]
        mean = np.zeros((size, terms.shape[1]))
        if len(pattern.starts):
            mean[pattern.parameters] = np.add.reduceat(terms, pattern.starts, axis=0)
        mean *= np.sqrt(weight[part])
        return np.asarray(mean @ mean.T)

    def nodes(part: int) -> None:
        for q in range(part, len(table.theta), CHUNKS):
            own = posterior[:, q]
            there = np.flatnonzero(own > NEGLIGIBLE)
            if there.size:
                lo, hi = int(there[0]), int(there[-1]) + 1
                scaled = np.sqrt(own[lo:hi] * weight[lo:hi])[:, None] * answers[lo:hi]
                product[q] += scaled.T @ scaled

    cross = np.zeros((size, size))
    for part in problem.pool.map(scores, range(-(-n // BLOCK))):
        cross += part
    problem.pool.map(nodes, range(CHUNKS))
    return cross
