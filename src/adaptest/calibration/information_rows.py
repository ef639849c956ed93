"""Louis' sums person by person, over what each one answered: for sparse data and for item blocks."""

from __future__ import annotations

import numpy as np

from adaptest.calibration.answers import answered
from adaptest.calibration.coding import Chunk
from adaptest.calibration.e_step import GroupTable, posteriors
from adaptest.calibration.em import Problem
from adaptest.calibration.options import BLOCK
from adaptest.calibration.score_table import ScoreTable
from adaptest.models.base import Floats, Rows

NUMBERS = 4_000_000  # held at once by a block of persons


def row_pieces(
    problem: Problem, scores: tuple[ScoreTable, ...], tables: tuple[GroupTable, ...], size: int
) -> tuple[Floats, Floats]:
    """Return the sums over persons of E[S S'] and of E[S] E[S]', (F, F) each."""
    parts = problem.pool.map(
        lambda chunk: _chunk(problem, chunk, scores[chunk.group], tables[chunk.group], size),
        problem.coded.chunks,
    )
    second, cross = np.zeros((size, size)), np.zeros((size, size))
    for one, other in parts:
        second += one
        cross += other
    return second, cross


def _chunk(
    problem: Problem, chunk: Chunk, scores: ScoreTable, table: GroupTable, size: int
) -> tuple[Floats, Floats]:
    codes = answered(problem.coded, chunk)
    second, cross = np.zeros((size + 1) ** 2), np.zeros((size + 1) ** 2)
    for lo, hi, posterior in posteriors(chunk, table):
        width = max(1, codes.shape[1] * scores.own.shape[1] * posterior.shape[1])
        step = max(1, NUMBERS // width)
        for first in range(lo, hi, step):
            last = min(first + step, hi)
            own, at = _person_scores(codes[first:last], scores, size)
            weight = chunk.weight[first:last]
            near = posterior[first - lo : last - lo]
            mean = np.einsum("nfq,nq->nf", own, near) * np.sqrt(weight)[:, None]
            own *= np.sqrt(near * weight[:, None])[:, None]
            place = (at[:, :, None] * (size + 1) + at[:, None, :]).ravel()
            products = np.matmul(own, own.transpose(0, 2, 1))
            second += np.bincount(place, products.ravel(), minlength=(size + 1) ** 2)
            outer = mean[:, :, None] * mean[:, None, :]
            cross += np.bincount(place, outer.ravel(), minlength=(size + 1) ** 2)
    shape = (size + 1, size + 1)
    return second.reshape(shape)[:size, :size], cross.reshape(shape)[:size, :size]


def _person_scores(codes: Rows, scores: ScoreTable, size: int) -> tuple[Floats, Rows]:
    """Return (n, f, Q) scores at the nodes and (n, f) their places; `size` stands for nowhere."""
    n, cells = codes.shape
    p, q = scores.own.shape[1:]
    own = np.where((codes >= 0)[:, :, None, None], scores.own[codes], 0).reshape(n, cells * p, q)
    at = np.where((codes >= 0)[:, :, None], scores.own_at[codes], -1).reshape(n, cells * p)
    h, m = len(scores.common_at), len(scores.person_at)
    common = np.where((codes >= 0)[:, :, None, None], scores.common[codes], 0).sum(axis=1)
    person = np.broadcast_to(scores.person, (n, m, q))
    places = np.concatenate(
        [at, np.broadcast_to(scores.common_at, (n, h)), np.broadcast_to(scores.person_at, (n, m))], axis=1
    )
    return np.concatenate([own, common, person], axis=1), np.where(places >= 0, places, size)


def item_pieces(
    problem: Problem, scores: tuple[ScoreTable, ...], tables: tuple[GroupTable, ...], counts: Floats
) -> tuple[Floats, Floats, list[Floats], list[Floats]]:
    """Return the same sums within items and within what they share.

    First (C, p, p) by category, E[S S'] and E[S] E[S]'; then, by group, those of common parameters and the
    group's moments, (h + m, h + m) each.
    """
    c, p = scores[0].own.shape[:2]
    second, cross = np.zeros((c, p, p)), np.zeros((c, p, p))
    sizes = [len(table.common_at) + len(table.person_at) for table in scores]
    group_second = [np.zeros((size, size)) for size in sizes]
    group_cross = [np.zeros((size, size)) for size in sizes]
    for g, table in enumerate(scores):
        q = table.own.shape[2]
        weight = counts[:, g * q : (g + 1) * q]
        second += np.einsum("cpq,cq,crq->cpr", table.own, weight, table.own, optimize=True)
    parts = problem.pool.map(
        lambda chunk: _item_chunk(problem, chunk, scores[chunk.group], tables[chunk.group]),
        problem.coded.chunks,
    )
    for chunk, (means, shared_second, shared_cross) in zip(problem.coded.chunks, parts, strict=True):
        cross += means
        group_second[chunk.group] += shared_second
        group_cross[chunk.group] += shared_cross
    return second, cross, group_second, group_cross


def _item_chunk(
    problem: Problem, chunk: Chunk, scores: ScoreTable, table: GroupTable
) -> tuple[Floats, Floats, Floats]:
    """Return (C, p, p) sums of squared expected scores by category, and those of what all items share."""
    codes = answered(problem.coded, chunk)
    c, p = scores.own.shape[:2]
    means = np.zeros((c, p, p))
    extra = len(scores.common_at) + len(scores.person_at)
    second, cross = np.zeros((extra, extra)), np.zeros((extra, extra))
    for lo, hi, posterior in posteriors(chunk, table):
        weight = chunk.weight[lo:hi]
        block = codes[lo:hi]
        person, cell = np.nonzero(block >= 0)
        code = block[person, cell]
        for first in range(0, len(code), BLOCK * 8):
            part = slice(first, first + BLOCK * 8)
            mean = np.einsum("npq,nq->np", scores.own[code[part]], posterior[person[part]])
            square = mean[:, :, None] * mean[:, None, :] * weight[person[part], None, None]
            for i in range(p):
                for j in range(p):
                    means[:, i, j] += np.bincount(code[part], square[:, i, j], minlength=c)
        if extra:
            common = np.zeros((hi - lo, len(scores.common_at), posterior.shape[1]))
            if len(scores.common_at):
                np.add.at(common, person, scores.common[code])
            shared = np.concatenate(
                [common, np.broadcast_to(scores.person, (hi - lo, *scores.person.shape))], axis=1
            )
            average = np.einsum("nfq,nq->nf", shared, posterior) * np.sqrt(weight)[:, None]
            shared = shared * np.sqrt(posterior * weight[:, None])[:, None]
            second += np.einsum("nfq,ngq->fg", shared, shared, optimize=True)
            cross += average.T @ average
    return means, second, cross
