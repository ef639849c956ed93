"""The exact solver of assemblies: one linear program kept warm, branching on sets, fixing by reduced cost.

The linear program of a pool is passed to HiGHS once. A solve changes objective and column bounds, and runs
the dual simplex from the basis of a like objective when nothing is fixed. That depends on nothing but pool
and objective, so no answer depends on what was solved before: one sitting, four thousand of them and a replay
agree. Variables of sets are branched on, best bound first. Where they are whole in the relaxation, columns
whose reduced cost exceeds the distance to the best assembly known stay where the relaxation has them (they
cannot be part of a better one), and the few that are left are solved as a small integer program. If none is
known, the distance is guessed; the guess is proven by what it leads to, or widened.

References
----------
van der Linden (2005), Linear models for optimal test design, chapters 4 and 9; Crowder, Johnson & Padberg
(1983), Operations Research 31(5), 803-834: fixing by reduced cost.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from adaptest.constraints.matrix import Matrix
from adaptest.constraints.programs import Programs, Relaxed
from adaptest.models.base import Bools, Floats

WHOLE = 1e-6  # distance from a whole number at which a relaxed variable is one
SLACK = 1e-7  # of reduced costs, where the largest cost is 1
GUESS = 0.003  # of the relaxation's optimum: how far the best assembly may lie below it
NARROW = 1e-4  # likewise, where any assembly that is worth enough will do
WIDER = 4.0
EXACT = 1e-10  # relative; what is left of a gap where it is asked to be 0
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Budget:
    """Work that a solve may do; never seconds, so that every machine decides alike."""

    nodes: int = 100_000
    pivots: int = 5_000_000


@dataclass(frozen=True, slots=True)
class Like:
    """A name for objectives that are much alike, and one of them (J,), from whose basis a solve starts."""

    name: Hashable
    cost: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """What a solve found, and what it proved.

    Attributes
    ----------
    status : "optimal": no assembly is better by more than the gap; "budget": the best found when the work
        allowed was done, if any; "infeasible": there is none
    x : (J+S,) whether each item and set is chosen; None where none was found
    objective : of `x`, less what its soft rows cost; -inf where none was found
    bound : what no assembly exceeds
    nodes, pivots : work done
    """

    status: str
    x: Bools | None
    objective: float
    bound: float
    nodes: int
    pivots: int

    @property
    def gap(self) -> float:
        """How far the best assembly may still be above this one, relative to this one."""
        if self.x is None:
            return float("inf")
        return max(self.bound - self.objective, 0.0) / max(abs(self.objective), TINY)


class Solver:
    """The assemblies of one matrix, solved one after the other; `solve` is a function of its arguments."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self._programs = Programs(matrix)

    def solve(
        self,
        cost: Floats,
        low: Floats | None = None,
        high: Floats | None = None,
        *,
        gap: float = 0.0,
        within: float = 0.0,
        enough: float = np.inf,
        budget: Budget | None = None,
        like: Like | None = None,
    ) -> Solved:
        """Return the assembly with the largest sum of costs, less what soft rows cost.

        Parameters
        ----------
        cost : (J,) or (J+S,) what each item, and each set, adds
        low, high : (J+S,) further bounds of the columns: 1 for what is given, 0 for what may not be
        gap, within : relative, and in units of the objective; how far below the optimum an assembly may be
        enough : in units of the objective; any assembly worth so much will do and ends the search, which then
            says nothing of better ones. Where the best is worth 1 + gap times that, one is found
        like : where the simplex starts
        """
        m = self.matrix
        own = np.zeros(m.n_columns)
        own[: len(cost)] = cost
        first = m.low if low is None else np.maximum(m.low, low)
        last = m.high if high is None else np.minimum(m.high, high)
        near = max(gap, EXACT), within, enough
        search = _Search(self._programs, own, like, *near, budget or Budget())
        return search.run(first, last)


@dataclass(order=True, slots=True)
class _Node:
    """A part of the search: bounds of all columns, and what the relaxation of the part around it says."""

    key: tuple[float, int]
    low: Floats = field(compare=False)
    high: Floats = field(compare=False)

    @property
    def bound(self) -> float:
        return -self.key[0]


class _Search:
    """One solve. Costs are scaled so that the largest is 1; whatever leaves here is not.

    Attributes
    ----------
    best, value : the best assembly so far, and what it is worth
    ceiling : what no closed part of the search exceeds
    """

    def __init__(
        self,
        programs: Programs,
        own: Floats,
        like: Like | None,
        gap: float,
        within: float,
        enough: float,
        budget: Budget,
    ) -> None:
        self.programs, self.own, self.gap, self.budget = programs, own, gap, budget
        self.n = programs.matrix.n_columns
        full = programs.extra.copy()
        full[: self.n] = own
        self.scale = float(np.abs(full).max(initial=0.0)) or 1.0
        self.cost = full / self.scale
        self.within, self.enough = within / self.scale, enough / self.scale
        self.before, self.nodes = programs.pivots, 0
        self.best: Bools | None = None
        self.value = self.ceiling = -np.inf
        self.basis = None if like is None else programs.basis(like.name, self._scaled(like.cost))

    def run(self, low: Floats, high: Floats) -> Solved:
        """Return the outcome with these bounds (J+S,) of items and sets."""
        m = self.programs.matrix
        if (low > high).any() or (m.lower > m.upper).any():
            return self._told("infeasible", -np.inf)
        made = 0
        ahead = [_Node((-np.inf, made), *self.programs.bounds(low, high))]
        while ahead:
            node = heapq.heappop(ahead)
            if self._is_closed(node.bound):
                continue
            if self._is_spent():
                return self._told("budget", max(node.bound, self.ceiling))
            relaxed = self.programs.relax(self.cost, node.low, node.high, self.basis)
            self.nodes += 1
            if relaxed is None or self._is_closed(relaxed.value):
                continue
            branch = self._fractional(relaxed.x)
            if branch is None:
                if not self._leaf(node, relaxed):
                    others = [other.bound for other in ahead]
                    return self._told("budget", max(relaxed.value, self.ceiling, *others))
                continue
            for fixed in (1.0, 0.0):
                made += 1
                child = _Node((-relaxed.value, made), node.low.copy(), node.high.copy())
                child.low[branch] = child.high[branch] = fixed
                heapq.heappush(ahead, child)
        return self._told("infeasible" if self.best is None else "optimal", max(self.ceiling, self.value))

    def _scaled(self, cost: Floats) -> Floats:
        """Return the objective of a class of them, with what soft rows cost, scaled."""
        full = self.programs.extra.copy()
        full[: len(cost)] = cost
        return full / (float(np.abs(full).max(initial=0.0)) or 1.0)

    def _is_closed(self, bound: float) -> bool:
        """Return whether nothing below this bound is better by more than the gap; if so, note the bound."""
        if self.enough < np.inf:
            return bound < self.enough or self.value >= self.enough
        if self.best is None or bound > self.value + max(self.gap * max(abs(self.value), EXACT), self.within):
            return False
        self.ceiling = max(self.ceiling, bound)
        return True

    def _is_spent(self) -> bool:
        """Return whether the work allowed is done."""
        pivots = self.programs.pivots - self.before
        return self.nodes >= self.budget.nodes or pivots >= self.budget.pivots

    def _told(self, status: str, bound: float) -> Solved:
        """Return the outcome, the objective summed anew from the caller's own costs."""
        pivots, ceiling = self.programs.pivots - self.before, bound * self.scale
        if self.best is None:
            return Solved(status, None, -np.inf, ceiling, self.nodes, pivots)
        objective = float(np.sum(self.own[self.best])) - self.programs.matrix.penalty(self.best)
        if ceiling <= objective + 2 * EXACT * max(abs(objective), TINY):
            ceiling = objective
        return Solved(status, self.best, objective, ceiling, self.nodes, pivots)

    def _fractional(self, x: Floats) -> int | None:
        """Return the set whose variable is farthest from whole; None where all are whole."""
        first = self.programs.matrix.n_items
        distance = np.abs(x[first : self.n] - np.rint(x[first : self.n]))
        return first + int(distance.argmax()) if distance.max(initial=0.0) > WHOLE else None

    def _leaf(self, node: _Node, relaxed: Relaxed) -> bool:
        """Look for the best assembly where the sets are whole; return whether it is proven."""
        x, reduced, n = relaxed.x[: self.n], relaxed.reduced[: self.n], self.n
        near = np.clip(np.rint(x), node.low[:n], node.high[:n])
        part = np.abs(x - near) > WHOLE
        value = -np.inf if part.any() else self._take(near > 0)
        if self._is_closed(relaxed.value) or relaxed.value - value <= SLACK**2:
            self.ceiling = max(self.ceiling, relaxed.value)
            return True
        open_ = node.low[:n] < node.high[:n]
        far, known = self._distance(relaxed)
        while True:
            free = ((np.abs(reduced) <= far + SLACK) | part) & open_
            fixed = np.where(free, 0.0, near)
            found = self.programs.whole(
                np.flatnonzero(free),
                fixed,
                self.cost,
                node.low,
                node.high,
                gap=self.gap if self.gap > EXACT else 0.0,
                within=self.within,
                nodes=self.budget.nodes - self.nodes,
            )
            self.nodes += found.nodes
            value = -np.inf
            if found.chosen is not None:
                chosen = fixed > 0
                chosen[free] = found.chosen
                value = self._take(chosen)
            if not found.proven:
                return False
            # what is fixed cannot be part of anything better than an assembly this near to the bound
            if known or relaxed.value - value <= far:
                self.ceiling = max(self.ceiling, min(found.bound, relaxed.value))
                return True
            if value >= self.enough:
                return True
            if self.enough < np.inf or value > -np.inf:
                far, known = relaxed.value - (self.enough if self.enough < np.inf else self.value), True
            elif free.sum() == open_.sum():
                return True
            else:
                far *= WIDER

    def _distance(self, relaxed: Relaxed) -> tuple[float, bool]:
        """Return how far below its relaxation an assembly is looked for, and whether none farther will do."""
        size = max(abs(relaxed.value), 1.0)
        if self.enough < np.inf:
            return NARROW * size, False
        return (GUESS * size, False) if self.best is None else (relaxed.value - self.value, True)

    def _take(self, chosen: Bools) -> float:
        """Keep an assembly if it is the best so far; return its value, -inf where it breaks a rule."""
        matrix = self.programs.matrix
        if matrix.broken(chosen):
            return -np.inf
        value = float(np.sum(self.cost[: self.n][chosen])) - matrix.penalty(chosen) / self.scale
        if value > self.value:
            self.best, self.value = chosen, value
        return value
