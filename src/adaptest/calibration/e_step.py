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
from adaptest.calibration.line import LineSums, LineTable, person_sums
from adaptest.calibration.options import BLOCK, LANES
from adaptest.models.base import Floats

LEAST_SINGLE = -75.0  # below it single precision has only denormal numbers, four times slower (measured)

Ranges = tuple[Floats, ...]  # for each chunk (blocks, 2): lowest and highest theta that matters
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
    log_p : (C, M) log-probability of each category there, where it is kept for the M-step
    """

    log_likelihood: float
    counts: Floats
    mass: Floats
    log_p: Floats | None = None


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
    coded: Coded,
    table: Floats,
    theta: Floats,
    log_weight: Floats,
    line: Floats | None,
    pool: Workers | None = None,
) -> tuple[GroupTable, ...]:
    """Return each group's table from the (C, M) log-probabilities of all categories.

    Parameters
    ----------
    theta, log_weight : (G, Q)
    line : (D, 2) slope and intercept of every item held whole, where all are two-parameter logistic and
        the latent densities normal
    pool : for the sums of its chunks
    """
    result = []
    q = theta.shape[1]
    by_chunk: list[Floats] = []
    if line is not None:
        slope = np.ascontiguousarray(line[:, 0])
        by_chunk = (pool or Workers(1)).map(lambda chunk: person_sums(chunk, slope), coded.chunks)
    for g in range(coded.n_groups):
        own = table[:, g * q : (g + 1) * q]
        wrong = own[coded.wrong]
        contrast = own[coded.right] - wrong
        joint = coded.unit_table(np.ascontiguousarray(own)) if _has_sparse(coded) else np.empty((0, q))
        by_sum = None
        if line is not None:
            base = log_weight[g] + wrong.sum(axis=0)
            pairs = zip(coded.chunks, by_chunk, strict=True)
            own_sums = tuple(one if chunk.group == g else np.empty(0) for chunk, one in pairs)
            by_sum = LineTable.of(theta[g], base, line, own_sums)
        weight, *tables = (part.astype(coded.precision) for part in (log_weight[g], contrast, wrong, joint))
        result.append(GroupTable(theta[g], weight, tables[0], tables[1], tables[2], by_sum))
    return tuple(result)


def _has_sparse(coded: Coded) -> bool:
    return bool(coded.units) or not len(coded.wrong)


def expect(
    coded: Coded, tables: tuple[GroupTable, ...], pool: Workers, ranges: Ranges | None = None
) -> Expected:
    """Return expected counts; chunks are summed in order, so that threads do not change a bit.

    Parameters
    ----------
    ranges : nodes outside them are left out; see `adaptest.calibration.windows`
    """
    q = len(tables[0].theta)
    every = ranges or (None,) * len(coded.chunks)
    work = enumerate(coded.chunks)
    parts = pool.map(lambda one: _chunk(one[0], one[1], tables[one[1].group], every[one[0]]), work)
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


def _chunk(k: int, chunk: Chunk, table: GroupTable, ranges: Floats | None) -> _Part | LineSums:
    """Return the sums over chunk number k, a block of persons at a time."""
    if table.line is not None and chunk.complete:
        return table.line.of_chunk(chunk, table.line.sums[k])
    q, items = len(table.theta), chunk.dense.shape[1]
    mass, log_likelihood = np.zeros(q), 0.0
    right, answered = np.zeros((items, q)), np.zeros((items, q))
    joint: Floats | None = None
    for block in _blocks(chunk, table, ranges):
        weight, nodes = chunk.weight[block.lo : block.hi], block.nodes
        log_likelihood += float(weight @ (block.top + np.log(block.total)))
        share = (weight / block.total).astype(block.values.dtype, copy=False)
        mass[nodes] += share @ block.values
        posterior = np.multiply(block.values, share[:, None], out=block.values)
        if items:
            right[:, nodes] += block.right.T @ posterior
            if not chunk.complete:
                answered[:, nodes] += block.answered.T @ posterior
        if len(table.sparse):
            part = chunk.columns[block.lo // BLOCK] @ posterior
            if ranges is None:
                joint = part if joint is None else np.add(joint, part, out=joint)
            else:
                joint = np.zeros(table.sparse.shape) if joint is None else joint
                joint[:, nodes] += part
    if chunk.complete:
        answered += mass
    joint = np.zeros_like(table.sparse) if joint is None else joint
    return _Part(log_likelihood, mass, right, answered, joint)


@dataclass(frozen=True, slots=True, eq=False)
class _LogValues:
    """Persons lo..hi-1: (n, W) log of likelihood times prior mass at some nodes.

    right, answered : (n, D) indicators of the items held whole
    """

    lo: int
    hi: int
    nodes: slice
    values: Floats
    right: Floats
    answered: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Block(_LogValues):
    """The values themselves over exp(top) (n,), and their sums (n,)."""

    top: Floats
    total: Floats


def _window(theta: Floats, low: float, high: float) -> slice:
    """Return the nodes from `low` to `high`, and more to make their number a multiple of LANES."""
    first, last = int(np.searchsorted(theta, low)), int(np.searchsorted(theta, high, side="right"))
    last = min(last + (first - last) % LANES, len(theta))
    return slice(max(last - (last - first + LANES - 1) // LANES * LANES, 0), last)


def log_values(chunk: Chunk, table: GroupTable, ranges: Floats | None) -> Iterator[_LogValues]:
    """Give block after block of a chunk.

    Parameters
    ----------
    ranges : (blocks, 2) lowest and highest theta of the nodes to be looked at
    """
    base = table.log_weight + table.wrong.sum(axis=0) if chunk.complete else table.log_weight
    precision = table.contrast.dtype
    across = np.ascontiguousarray(table.contrast.T)
    across_wrong = np.ascontiguousarray(table.wrong.T)
    for k, lo in enumerate(range(0, len(chunk), BLOCK)):
        hi = min(lo + BLOCK, len(chunk))
        nodes = slice(0, len(table.theta))
        if ranges is not None:
            nodes = _window(table.theta, *ranges[k])
        part = chunk.dense[lo:hi]
        right = (part if chunk.complete else part == 1).astype(precision)
        answered = right if chunk.complete else (part >= 0).astype(precision)
        if part.shape[1]:
            values = (across[nodes] @ right.T).T
            if not chunk.complete:
                values += (across_wrong[nodes] @ answered.T).T
            if len(table.sparse):
                values += chunk.rows[k] @ table.sparse[:, nodes]
        else:
            values = chunk.rows[k] @ table.sparse[:, nodes]
        values += base[nodes]
        yield _LogValues(lo, hi, nodes, values, right, answered)


def _blocks(chunk: Chunk, table: GroupTable, ranges: Floats | None) -> Iterator[_Block]:
    """Give block after block of a chunk."""
    for block in log_values(chunk, table, ranges):
        values = block.values
        top = _largest(values)
        values -= top[:, None]
        if values.dtype == np.float32:
            np.maximum(values, LEAST_SINGLE, out=values)
        np.exp(values, out=values)
        total = (values @ np.ones(values.shape[1], values.dtype)).astype(np.float64, copy=False)
        at_top = top.astype(np.float64, copy=False)
        yield _Block(block.lo, block.hi, block.nodes, values, block.right, block.answered, at_top, total)


def _largest(values: Floats) -> Floats:
    """Return (n,) the largest of each row; where rows are contiguous, by its place: three times as fast."""
    if values.flags.c_contiguous:
        return np.asarray(values[np.arange(len(values)), values.argmax(axis=1)])
    return np.asarray(values.max(axis=1))


def posteriors(chunk: Chunk, table: GroupTable) -> Iterator[tuple[int, int, Floats]]:
    """Give (first, last + 1, posterior (n, Q)) of block after block of a chunk."""
    for block in _blocks(chunk, table, None):
        yield block.lo, block.hi, np.divide(block.values, block.total[:, None], out=block.values)
