"""The E-step: expected counts at the nodes, by chunks of persons on threads of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from adaptest.calibration.coding import Chunk, Coded
from adaptest.calibration.line import LineSums, LineTable
from adaptest.calibration.options import BLOCK
from adaptest.models.base import Floats

LEAST_SINGLE = -75.0  # below it single precision has only denormal numbers, four times slower (measured)

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the E-step returns.

    Attributes
    ----------
    log_likelihood : of the responses, without priors
    counts : (C, M) expected number of answers in each category at each node of each group
    mass : (G, Q) expected number of persons at each node
    """

    log_likelihood: float
    counts: Floats
    mass: Floats


@dataclass(frozen=True, slots=True, eq=False)
class GroupTable:
    """One group's nodes and log-probabilities, laid out for the products.

    Attributes
    ----------
    theta : (Q,) nodes
    log_weight : (Q,) log prior mass, and the log-probability that every whole item is answered 0
    contrast : (D, Q) log P(1) - log P(0) of the items held whole
    wrong : (D, Q) log P(0) of the items held whole
    sparse : (U, Q) log-probability of the joint answers of the other items
    line : how posteriors follow from one sum, where all items are two-parameter logistic; else None
    """

    theta: Floats
    log_weight: Floats
    contrast: Floats
    wrong: Floats
    sparse: Floats
    line: LineTable | None


class Workers:
    """Threads for chunks of persons; results come in the chunks' order."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Return `function` of every item, in order."""
        if self._pool is None:
            return [function(item) for item in items]
        return list(self._pool.map(function, items))

    def close(self) -> None:
        """End the threads; what has not begun is dropped."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def workers(threads: int) -> Iterator[Workers]:
    """Give threads, with BLAS held to one thread each: skinny products on two collapse under load."""
    with threadpool_limits(limits=1, user_api="blas"):
        pool = Workers(threads)
        try:
            yield pool
        finally:
            pool.close()


def group_tables(
    coded: Coded, table: Floats, theta: Floats, log_weight: Floats, line: Floats | None
) -> tuple[GroupTable, ...]:
    """Return each group's table from the (C, M) log-probabilities of all categories.

    Parameters
    ----------
    theta, log_weight : (G, Q)
    line : (D, 2) slope and intercept of every item held whole, where all are two-parameter logistic and
        the latent densities normal
    """
    result = []
    q = theta.shape[1]
    for g in range(coded.n_groups):
        own = table[:, g * q : (g + 1) * q]
        wrong = own[coded.wrong]
        contrast = own[coded.right] - wrong
        joint = coded.unit_table(np.ascontiguousarray(own)) if _has_sparse(coded) else np.empty((0, q))
        by_sum = None
        if line is not None:
            by_sum = LineTable.of(theta[g], log_weight[g] + wrong.sum(axis=0), line, coded.persons(g))
        weight, *tables = (part.astype(coded.precision) for part in (log_weight[g], contrast, wrong, joint))
        result.append(GroupTable(theta[g], weight, tables[0], tables[1], tables[2], by_sum))
    return tuple(result)


def _has_sparse(coded: Coded) -> bool:
    return bool(coded.units) or not len(coded.wrong)


def expect(coded: Coded, tables: tuple[GroupTable, ...], pool: Workers) -> Expected:
    """Return expected counts; chunks are summed in order, so that threads do not change a bit."""
    q = len(tables[0].theta)
    parts = pool.map(lambda chunk: _chunk(chunk, tables[chunk.group]), coded.chunks)
    counts = np.zeros((coded.n_codes, coded.n_groups * q))
    mass = np.zeros((coded.n_groups, q))
    joint = np.zeros((coded.n_groups, coded.n_rows if _has_sparse(coded) else 0, q))
    log_likelihood = 0.0
    for chunk, part in zip(coded.chunks, parts, strict=True):
        if isinstance(part, LineSums):
            continue
        own = slice(chunk.group * q, (chunk.group + 1) * q)
        log_likelihood += part.log_likelihood
        mass[chunk.group] += part.mass
        counts[coded.right, own] += part.right
        counts[coded.wrong, own] += part.answered - part.right
        joint[chunk.group] += part.joint
    for g, table in enumerate(tables):
        pairs = zip(coded.chunks, parts, strict=True)
        sums = [part for chunk, part in pairs if chunk.group == g and isinstance(part, LineSums)]
        if table.line is not None and sums:
            own = slice(g * q, (g + 1) * q)
            value, persons = table.line.total(sums)
            right = np.sum([part.right for part in sums], axis=0)
            log_likelihood += value
            mass[g] += persons
            counts[coded.right, own] += right
            counts[coded.wrong, own] += persons - right
    if _has_sparse(coded):
        for g in range(coded.n_groups):
            counts[:, g * q : (g + 1) * q] += coded.by_category(joint[g])
    return Expected(log_likelihood, counts, mass)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    log_likelihood: float
    mass: Floats
    right: Floats
    answered: Floats
    joint: Floats


def _chunk(chunk: Chunk, table: GroupTable) -> _Part | LineSums:
    """Return the sums over one chunk, a block of persons at a time."""
    if table.line is not None and chunk.complete:
        return table.line.sums(chunk)
    q, items = len(table.theta), chunk.dense.shape[1]
    mass, log_likelihood = np.zeros(q), 0.0
    right, answered = np.zeros((items, q)), np.zeros((items, q))
    joint: Floats | None = None
    for block in _blocks(chunk, table):
        weight = chunk.weight[block.lo : block.hi]
        log_likelihood += float(weight @ (block.top + np.log(block.total)))
        share = (weight / block.total).astype(block.values.dtype, copy=False)
        posterior = np.multiply(block.values, share[:, None], out=block.values)
        mass += posterior.sum(axis=0)
        if items:
            right += block.right.T @ posterior
            if not chunk.complete:
                answered += block.answered.T @ posterior
        if len(table.sparse):
            part = chunk.columns[block.lo // BLOCK] @ posterior
            joint = part if joint is None else np.add(joint, part, out=joint)
    if chunk.complete:
        answered += mass
    joint = np.zeros_like(table.sparse) if joint is None else joint
    return _Part(log_likelihood, mass, right, answered, joint)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Persons lo..hi-1: (n, Q) likelihood times prior mass over exp(top) (n,), and its sums (n,).

    right, answered : (n, D) indicators of the items held whole
    """

    lo: int
    hi: int
    values: Floats
    top: Floats
    total: Floats
    right: Floats
    answered: Floats


def _blocks(chunk: Chunk, table: GroupTable) -> Iterator[_Block]:
    """Give block after block of a chunk."""
    base = table.log_weight + table.wrong.sum(axis=0) if chunk.complete else table.log_weight
    precision = table.contrast.dtype
    across = np.ascontiguousarray(table.contrast.T)
    across_wrong = np.ascontiguousarray(table.wrong.T)
    for lo in range(0, len(chunk), BLOCK):
        hi = min(lo + BLOCK, len(chunk))
        part = chunk.dense[lo:hi]
        right = (part if chunk.complete else part == 1).astype(precision)
        answered = right if chunk.complete else (part >= 0).astype(precision)
        if part.shape[1]:
            values = (across @ right.T).T
            if not chunk.complete:
                values += (across_wrong @ answered.T).T
            if len(table.sparse):
                values += chunk.rows[lo // BLOCK] @ table.sparse
        else:
            values = chunk.rows[lo // BLOCK] @ table.sparse
        values += base
        top = values.max(axis=1)
        values -= top[:, None]
        if precision == np.float32:
            np.maximum(values, LEAST_SINGLE, out=values)
        np.exp(values, out=values)
        total = values.sum(axis=1, dtype=np.float64)
        yield _Block(lo, hi, values, top.astype(np.float64, copy=False), total, right, answered)


def posteriors(chunk: Chunk, table: GroupTable) -> Iterator[tuple[int, int, Floats]]:
    """Give (first, last + 1, posterior (n, Q)) of block after block of a chunk."""
    for block in _blocks(chunk, table):
        yield block.lo, block.hi, np.divide(block.values, block.total[:, None], out=block.values)
