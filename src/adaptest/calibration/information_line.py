"""Louis' sums for complete data under the two-parameter logistic model: three products, not one a node."""

from __future__ import annotations

import numpy as np

from adaptest.calibration.coding import Chunk
from adaptest.calibration.e_step import GroupTable, posteriors
from adaptest.calibration.em import Problem
from adaptest.calibration.logistic_kernel import LogisticKernel
from adaptest.calibration.score_table import ScoreTable
from adaptest.calibration.state import State
from adaptest.models.base import Floats


def applies(problem: Problem) -> bool:
    """Return whether every item is two-parameter logistic and everybody answered all of them."""
    coded = problem.coded
    complete = len(coded.wrong) > 0 and not coded.units and all(chunk.complete for chunk in coded.chunks)
    return complete and all(block.kernel == LogisticKernel(2) for block in problem.blocks)


def line_pieces(
    problem: Problem, state: State, scores: tuple[ScoreTable, ...], tables: tuple[GroupTable, ...], size: int
) -> tuple[Floats, Floats]:
    r"""Return the sums over persons of E[S S'] and of E[S] E[S]', (F, F) each.

    An item's score is (x - P(theta)) times theta for the slope, times 1 for the intercept, so that

    .. math:: \sum_n E[S_{ja} S_{kb}] = \sum_n x_j x_k m_{n,a+b}
              - \sum_q \theta_q^{a+b} (R_{jq} P_{kq} + P_{jq} R_{kq} - n_q P_{jq} P_{kq})

    with a person's posterior moments m, the expected right answers R and persons n at the nodes.
    """
    own_places, common_places, _, _ = problem.layout.places()
    items = len(problem.coded.wrong)
    first = np.searchsorted(problem.coded.wrong, np.arange(problem.coded.n_codes))
    loading = np.zeros((2 * items, size))
    for block, psi, own, common in zip(
        problem.blocks, problem.layout.psi(state), own_places, common_places, strict=True
    ):
        rows = first[block.codes[:, 0]]
        slope = block.natural(psi)[:, 0] if block.log_slope else np.ones(len(block))
        for parameter, scale in enumerate((slope, np.ones(len(block)))):
            at = parameter * items + rows
            for k in range(own.shape[1]):
                loading[at, own[:, k]] += block.local[parameter, k] * scale
            for k, place in enumerate(common):
                loading[at, place] += block.shared[parameter, k] * scale
    second, cross = np.zeros((size, size)), np.zeros((size, size))
    for g, table in enumerate(tables):
        person = np.zeros((len(scores[g].person_at), size))
        person[np.arange(len(person)), scores[g].person_at] = 1
        whole = np.concatenate([loading, person])
        chunks = [chunk for chunk in problem.coded.chunks if chunk.group == g]
        right = 1 / (1 + np.exp(-table.contrast))
        parts = problem.pool.map(_Sums(table, right, scores[g].person), chunks)
        squares = np.sum([part[0] for part in parts], axis=0)
        answers = np.sum([part[1] for part in parts], axis=0)
        mass = np.sum([part[2] for part in parts], axis=0)
        means = np.sum([part[3] for part in parts], axis=0)
        natural = _second(table.theta, right, scores[g].person, squares, answers, mass)
        second += whole.T @ natural @ whole
        cross += whole.T @ means @ whole
    return second, cross


class _Sums:
    """The sums over one chunk: X' m_a X for a = 0, 1, 2; X' posterior; mass; E[S] E[S]'."""

    def __init__(self, table: GroupTable, right: Floats, person: Floats) -> None:
        self._table, self._person = table, person
        self._expected = np.concatenate([right * table.theta, right]).T

    def __call__(self, chunk: Chunk) -> tuple[Floats, Floats, Floats, Floats]:
        theta = self._table.theta
        items = chunk.dense.shape[1]
        rows = 2 * items + len(self._person)
        squares, answers = np.zeros((3, items, items)), np.zeros((items, len(theta)))
        mass, means = np.zeros(len(theta)), np.zeros((rows, rows))
        powers = np.stack([np.ones_like(theta), theta, theta**2], axis=1)
        for lo, hi, posterior in posteriors(chunk, self._table):
            x = chunk.dense[lo:hi].astype(np.float64)
            weight = chunk.weight[lo:hi]
            moments = posterior @ powers
            for a in range(3):
                squares[a] += x.T @ (x * (weight * moments[:, a])[:, None])
            mean = np.empty((hi - lo, rows))
            mean[:, : 2 * items] = -(posterior @ self._expected)
            mean[:, :items] += x * moments[:, 1:2]
            mean[:, items : 2 * items] += x
            mean[:, 2 * items :] = posterior @ self._person.T
            mean *= np.sqrt(weight)[:, None]
            means += mean.T @ mean
            shares = posterior * weight[:, None]
            answers += x.T @ shares
            mass += shares.sum(axis=0)
        return squares, answers, mass, means


def _second(
    theta: Floats, right: Floats, person: Floats, squares: Floats, answers: Floats, mass: Floats
) -> Floats:
    """Return the sum of E[S S'] over slopes, intercepts and the group's parameters."""
    items, m = len(right), len(person)
    result = np.empty((2 * items + m, 2 * items + m))
    lack = answers - mass * right
    for a in range(2):
        for b in range(2):
            power = theta ** (2 - a - b)
            part = (answers * power) @ right.T
            block = squares[2 - a - b] - part - part.T + (right * (mass * power)) @ right.T
            result[a * items : (a + 1) * items, b * items : (b + 1) * items] = block
        edge = (lack * theta ** (1 - a)) @ person.T
        result[a * items : (a + 1) * items, 2 * items :] = edge
        result[2 * items :, a * items : (a + 1) * items] = edge.T
    result[2 * items :, 2 * items :] = (person * mass) @ person.T
    return result
