"""Which parts of a person-item design hang together, and which are held to the rest by few links.

Items are linked by the persons who answered several of them, booklets by the items they share. Both are the
same question about a hypergraph: which sets of vertices does a cut of less than so many edges set apart?
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from adaptest.models.base import Bools, Floats, Rows

Labels = NDArray[np.intp]
Edges = sparse.csr_array[np.int8]

CHUNK = 100_000  # edges whose vertices are replaced by their blocks at once
SUBSET = 2_500  # edges that are tried first: enough links among some are enough among all
GROWTH = 8  # times as many, where they did not suffice


def maximum_adjacency(edges: Edges, weight: Floats) -> tuple[Rows, Floats]:
    """Return the vertices in maximum adjacency order, and how many edges each shares with those before it.

    The next vertex is the one in the most edges that have a vertex already; a 0 begins a new component.

    Parameters
    ----------
    edges : (E, V) a row for each edge, its columns the vertices it joins; values are not looked at
    weight : (E,) how many edges each row stands for
    """
    vertices = edges.shape[1]
    of_vertex = edges.tocsc()
    start, vertex = edges.indptr.astype(np.int64), edges.indices
    reached = np.zeros(edges.shape[0], dtype=bool)
    left = np.ones(vertices, dtype=bool)
    adjacent = np.zeros(vertices)
    order, shared = np.empty(vertices, dtype=np.intp), np.empty(vertices)
    for k in range(vertices):
        v = int(np.argmax(np.where(left, adjacent, -1.0)))
        order[k], shared[k], left[v] = v, adjacent[v], False
        mine = of_vertex.indices[of_vertex.indptr[v] : of_vertex.indptr[v + 1]]
        fresh = mine[~reached[mine]]
        reached[fresh] = True
        length = start[fresh + 1] - start[fresh]
        first = np.concatenate([[0], length.cumsum()])
        cell = np.repeat(start[fresh] - first[:-1], length) + np.arange(first[-1])
        adjacent += np.bincount(vertex[cell], np.repeat(weight[fresh], length), minlength=vertices)
    return order, shared


def grown(edges: Edges, weight: Floats, enough: float, first: int) -> Bools:
    """Return (V,) vertices that no cut of less than `enough` edges sets apart from `first`: some, or all.

    A vertex that shares `enough` edges with such a set belongs to it: a cut between them cuts the set, or all
    those edges. All vertices that do are taken at once, so that a few rounds settle a well-linked design.

    Parameters
    ----------
    edges, weight : as `maximum_adjacency` takes them
    """
    cell_weight = np.repeat(weight, np.diff(edges.indptr))
    inside = np.zeros(edges.shape[1], dtype=np.bool_)
    inside[first] = True
    while True:
        reached = edges @ inside.astype(np.intp) > 0  # eight bits would overflow
        cells = np.repeat(reached, np.diff(edges.indptr))
        shared = np.bincount(edges.indices[cells], cell_weight[cells], minlength=len(inside))
        fresh = (shared >= enough) & ~inside
        if not fresh.any():
            return inside
        inside |= fresh


def components(order: Rows, shared: Floats) -> Labels:
    """Return (V,) the component of each vertex, from a maximum adjacency order."""
    label = np.empty(len(order), dtype=np.intp)
    label[order] = np.cumsum(shared == 0) - 1
    return label


def blocks(edges: Edges, weight: Floats, enough: float, adjacency: tuple[Rows, Floats]) -> Labels:
    """Return (V,) the block of each vertex: no cut of less than `enough` edges goes through a block.

    In a maximum adjacency order the edges that a vertex shares with those before it are a lower bound on the
    smallest cut between it and its predecessor, and exact for the last one. Neighbours with a bound of
    `enough` are one block from then on, and the order is made again over blocks; where none is left, the last
    vertex is cut off by less and stays a block of its own, as does any vertex with less than `enough` edges.

    Parameters
    ----------
    edges, weight : as `maximum_adjacency` takes them, with its result in `adjacency`

    References
    ----------
    Klimmek & Wagner (1996), A simple hypergraph min cut algorithm, Freie Universität Berlin, B 96-02.
    Nagamochi & Ibaraki (1992), SIAM Journal on Discrete Mathematics 5(1), 54-66.
    """
    names: Labels = np.arange(edges.shape[1])  # the block that each vertex still in play stands for
    block = names.copy()
    order, shared = adjacency
    while len(names) > 1:
        begins = shared < enough
        begins[0] = True
        target = np.empty(len(names), dtype=np.intp)
        if begins.all():
            target[order] = np.arange(len(names))
            target[order[-1]] = -1  # cut off for good
            names = names[order[:-1]]
        else:
            target[order] = np.cumsum(begins) - 1
            joined, names = names, names[order[begins]]
            rename = np.arange(len(block))
            rename[joined] = names[target]
            block = rename[block]
        edges, weight = _merged(edges, weight, target, len(names))
        while (thin := _degree(edges, weight) < enough).any():
            target = np.where(thin, -1, np.cumsum(~thin) - 1)
            names = names[~thin]
            edges, weight = _merged(edges, weight, target, len(names))
        if len(names) > 1:
            order, shared = maximum_adjacency(edges, weight)
    return block


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """What links the vertices of a hypergraph.

    Attributes
    ----------
    component, block : (V,) numbered by size; -1 for a vertex without an edge
    links : (blocks,) how many edges join each block to others
    """

    component: Labels
    block: Labels
    links: Floats


def linked(edges_of: Callable[[Rows], Edges], weight: Floats, enough: float, cells: Rows) -> Linked:
    """Return components and blocks; see `blocks`.

    Some edges are tried first. More of them only make cuts larger: what hangs together by some does by all.

    Parameters
    ----------
    edges_of : gives the edges at some rows
    weight : (E,)
    cells : (V,) size of each vertex: its number of edges, for a block's place in the order
    """
    some = np.flatnonzero(cells)
    size = SUBSET if weight.sum() >= enough else len(weight)
    while True:
        rows = np.arange(0, len(weight), max(len(weight) // size, 1))
        edges, part = edges_of(rows), weight[rows]
        if weight.sum() >= enough and grown(edges, part, enough, int(np.argmax(cells)))[some].all():
            return _one_block(cells)
        adjacency = maximum_adjacency(edges, part)
        label = blocks(edges, part, enough, adjacency) if weight.sum() >= enough else components(*adjacency)
        if len(set(label[some].tolist())) <= 1:
            return _one_block(cells)
        if len(rows) == len(weight):
            break
        size *= GROWTH
    block = _by_size(label, cells)
    links = np.zeros(int(block.max()) + 1)
    links[block[some]] = crossing(edges, part, label)[label[some]]
    return Linked(_by_size(components(*adjacency), cells), block, links)


def _one_block(cells: Rows) -> Linked:
    """Return what is found where all hangs together."""
    all_one = np.where(cells > 0, 0, -1)
    return Linked(all_one, all_one, np.zeros(min(int((cells > 0).sum()), 1)))


def _by_size(label: Labels, cells: Rows) -> Labels:
    """Return labels numbered from the one with the most cells; -1 for what has none."""
    size = np.bincount(label, weights=cells)
    place = np.empty(len(size), dtype=np.intp)
    place[np.argsort(-size, kind="stable")] = np.arange(len(size))
    return np.where(cells > 0, place[label], -1)


def crossing(edges: Edges, weight: Floats, block: Labels) -> Floats:
    """Return (V,) by block, how many edges join it to another one."""
    over, of = _merged(edges, weight, block, edges.shape[1])
    return _degree(over, of)


def _degree(edges: Edges, weight: Floats) -> Floats:
    """Return (V,) how many edges each vertex is in."""
    row = np.repeat(weight, np.diff(edges.indptr))
    return np.bincount(edges.indices, row, minlength=edges.shape[1]).astype(np.float64)


def _merged(edges: Edges, weight: Floats, target: Labels, vertices: int) -> tuple[Edges, Floats]:
    """Return the edges over new vertices (-1: gone), each once, without those that join no two of them."""
    parts: list[Any] = [sparse.csr_array((0, vertices), dtype=np.int8)]
    weights = [np.empty(0)]
    for first in range(0, edges.shape[0], CHUNK):
        rows = edges[first : first + CHUNK]
        column = target[rows.indices]
        kept = column >= 0
        row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))[kept]
        cells = (np.ones(len(row), dtype=np.int8), (row, column[kept]))
        part = sparse.coo_array(cells, shape=(rows.shape[0], vertices)).tocsr()  # a vertex twice becomes one
        joins = np.diff(part.indptr) > 1
        parts.append(part[joins])
        weights.append(weight[first : first + CHUNK][joins])
    return sparse.csr_array(sparse.vstack(parts, format="csr")), np.concatenate(weights)


def edges_from(start: NDArray[np.integer], item: NDArray[np.integer], vertices: int) -> Edges:
    """Return the edges whose vertices stand one edge after the other, as in SparseRows."""
    small = np.int32 if len(item) <= np.iinfo(np.int32).max else np.int64
    index: NDArray[np.integer] = item.astype(small, copy=False)
    ends: NDArray[np.integer] = start.astype(small, copy=False)
    return sparse.csr_array(
        (np.ones(len(item), dtype=np.int8), index, ends), shape=(len(start) - 1, vertices)
    )


def signatures(edges: Edges) -> NDArray[np.uint64]:
    """Return (E,) a number for each edge's set of vertices: the sum of a mixed 64-bit number for each."""
    z = (np.arange(edges.shape[1], dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)  # splitmix64 (Steele, Lea & Flood 2014)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    total = np.zeros(edges.shape[0], dtype=np.uint64)
    for first in range(0, edges.shape[0], CHUNK):
        rows = edges[first : first + CHUNK]
        sums = np.concatenate([np.zeros(1, np.uint64), z[rows.indices].cumsum(dtype=np.uint64)])
        total[first : first + CHUNK] = sums[rows.indptr[1:]] - sums[rows.indptr[:-1]]
    return total
