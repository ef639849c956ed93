"""Which items a sitting may take next so that every later stop and the maximum stay reachable."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from adaptest.constraints.availability import Availability
from adaptest.constraints.blueprint import Blueprint, Counts
from adaptest.constraints.certificates import Certificates
from adaptest.constraints.counting import Blocks
from adaptest.constraints.feasibility import Question, Way, question, way
from adaptest.models.base import Bools
from adaptest.pool import Pool

KEPT = 100_000  # answers; then they are forgotten and asked anew
AT_ONCE = 512  # sittings counted together: what stays in a cache


@dataclass(frozen=True, eq=False)
class Reach:
    """The look ahead of one exam.

    Counting answers where it can: exactly, where the rules are blocks and enemies are of one cell. Items
    with other enemies are first taken as lost (if the rules can be kept without them, they can be kept),
    then as all there (if not even so, they cannot). What is left open, and rules that are no blocks, are
    settled by an integer program, where no way that is known proves it. Every way gives the same answer, so
    no sitting depends on the way.

    Attributes
    ----------
    stops : lengths at which a sitting may stop, ascending; the last is the maximum
    """

    pool: Pool
    blueprint: Blueprint
    stops: tuple[int, ...]
    _answers: dict[Question, Way | None] = field(default_factory=dict, repr=False)  # what was asked before

    @cached_property
    def blocks(self) -> Blocks | None:
        """The rules as blocks, where they are."""
        blocks = Blocks.of(self.blueprint, np.array(self.stops, dtype=np.intp))
        return blocks if blocks is not None and blocks.nests else None

    @cached_property
    def certificates(self) -> Certificates:
        """Ways that are known, and serve again."""
        return Certificates(self.blueprint, self.stops)

    @cached_property
    def availability(self) -> Availability:
        """How many items of each cell can still be given."""
        return Availability(self.pool, self.blueprint)

    def with_stops(self, stops: tuple[int, ...]) -> Reach:
        """Return the look ahead to other stops; what is left is counted alike, from the same tables."""
        other = Reach(self.pool, self.blueprint, stops)
        vars(other)["availability"] = self.availability
        return other

    def open_at_first(self) -> bool:
        """Return whether some nested sequence of sets keeps every rule at every stop."""
        counts = np.zeros((1, self.blueprint.n_cells), dtype=np.int64)
        available = np.ones((1, len(self.pool)), dtype=np.bool_)
        return bool(self.open(counts, available, 0)[0])

    def open(self, counts: Counts, available: Bools, length: int) -> Bools:
        """Return (N,) whether sittings of this length can go on to keep every rule at every later stop.

        Parameters
        ----------
        counts : (N, C) items given, by cell
        available : (N, J) items that may still be given
        """
        reachable = np.zeros(len(counts), dtype=np.bool_)
        unsure = np.ones(len(counts), dtype=np.bool_)
        if self.blocks is not None:
            fewest, most = self.availability.left(available)
            reachable = self.blocks.possible(counts, fewest, length)
            unsure = ~reachable & (fewest is not most) & self.blocks.possible(counts, most, length)
        for n in np.flatnonzero(unsure):
            reachable[n] = self._ask(counts[n], available[n], length) is not None
        return reachable

    def allowed(self, counts: Counts, available: Bools, length: int) -> Bools:
        """Return (N, J) which available items keep every later stop reachable.

        Parameters
        ----------
        counts : (N, C) items given, by cell
        available : (N, J) items that may still be given
        length : items given, of all N
        """
        if self.blocks is None:
            return self._settled(counts, available, available, length)
        if not self.blueprint.rules and self.availability.plenty(available, length, self.stops[-1]):
            return available
        if len(counts) <= AT_ONCE:
            return self._counted(self.blocks, counts, available, length)
        parts = [slice(k, k + AT_ONCE) for k in range(0, len(counts), AT_ONCE)]
        return np.concatenate([self._counted(self.blocks, counts[p], available[p], length) for p in parts])

    def _counted(self, blocks: Blocks, counts: Counts, available: Bools, length: int) -> Bools:
        """Return `allowed` by counting, where that settles it."""
        holds, cell = self.availability, self.blueprint.cell
        fewest, most = holds.left(available, self.stops[-1] - length)
        if not self.blueprint.rules and fewest.min() > self.stops[-1] - length + holds.worst:
            return available
        first = blocks.after(counts, fewest, 1, length)
        if first.all() and not holds.counted.any():
            return available
        allowed: Bools = available & first.take(cell, axis=1)
        worst = holds.worst_drop
        if (worst > 1).any():
            always = blocks.after(counts, fewest, worst, length)
            matters = (first & ~always)[:, cell] & holds.counted & available
            some = np.flatnonzero(matters.any(axis=1))
            if some.size:
                drop = holds.drop(available[some])
                for size in range(2, int(worst.max()) + 1):
                    kept = blocks.after(counts[some], fewest[some], size, length)[:, cell]
                    allowed[some] &= (drop != size) | kept
        if fewest is most:
            return allowed
        maybe = available & ~allowed & blocks.after(counts, most, 1, length)[:, cell]
        if maybe.any():
            allowed |= self._settled(counts, available, maybe, length)
        return allowed

    def _settled(self, counts: Counts, available: Bools, asked: Bools, length: int) -> Bools:
        """Return which of the items `asked` about are allowed, by the integer program.

        It is first asked with as many items as can go together, for then it is small and one answer serves
        many items: a way through the exam holds for every cell that it passes before the next stop, and for
        every item that leaves as many of each cell as it uses. Only what that leaves open is asked item by
        item, unless it is impossible even if no item had enemies.
        """
        allowed = np.zeros_like(available)
        for n in np.flatnonzero(asked.any(axis=1)):
            allowed[n] = self._settled_one(counts[n], available[n], asked[n], length)
        return allowed

    def _settled_one(self, counts: Counts, available: Bools, asked: Bools, length: int) -> Bools:
        """Return `_settled` of one sitting: counts (C,), available and asked (J,)."""
        allowed = np.zeros_like(available)
        kept = self.availability.together(available)
        free = self.blueprint.count(kept[None])[0]
        base = None
        if length not in self.stops and self.certificates.used(counts, free, length) is None:
            base = self._ask(counts, kept, length)
        for cell in np.unique(self.blueprint.cell[asked]).tolist():
            rows = np.flatnonzero(asked & (self.blueprint.cell == cell))
            one = np.zeros_like(counts)
            one[cell] = 1
            if base is not None and cell in base.passed:
                used: Counts | None = np.array(base.used) - one
            elif self.certificates.hopeless(counts + one, length + 1):
                continue
            else:
                used = self.certificates.used(counts + one, free - one, length + 1)
                if used is None:
                    used = self._used(counts + one, kept, cell, length + 1)
            if used is None and not self._with_friends(counts + one, available, one, length + 1):
                continue
            plain = rows[~self.pool.has_enemies[rows]]  # they are alike: one stands for all
            for row in (*plain[:1], *rows[self.pool.has_enemies[rows]]):
                others, rest = kept.copy(), available.copy()
                others[self.pool.rivals[row]] = rest[self.pool.rivals[row]] = False
                allowed[row] = self._goes_on(counts + one, used, others, rest, length + 1)
            if plain.size:
                allowed[plain] = allowed[plain[0]]
        return allowed

    def _goes_on(self, taken: Counts, used: Counts | None, kept: Bools, rest: Bools, length: int) -> bool:
        """Return whether a sitting can go on: by a way that uses no more than is kept, or by the program."""
        if used is not None and (used <= self.blueprint.count(kept[None])[0]).all():
            return True
        return self._ask(taken, rest, length) is not None

    def _used(self, taken: Counts, kept: Bools, cell: int, length: int) -> Counts | None:
        """Return what a way uses of each cell once an item of `cell` is taken; None if there is none."""
        rest = kept.copy()
        mine = np.flatnonzero(kept & (self.blueprint.cell == cell))
        rest[mine[:1]] = False
        found = self._ask(taken, rest, length)
        return None if found is None else np.array(found.used)

    def _with_friends(self, taken: Counts, available: Bools, one: Counts, length: int) -> bool:
        """Return whether the rules could be kept if no item had enemies."""
        free = self.blueprint.count(available[None])[0] - one
        stops = tuple(stop for stop in self.stops if stop >= length)
        asked = Question(tuple(taken.tolist()), tuple(free.tolist()), (), stops)
        return self._answer(asked) is not None

    def next_stop(self, length: int) -> int:
        """Return the first length at which a sitting that is `length` long may stop after one more item."""
        return next((stop for stop in self.stops if stop > length), self.stops[-1])

    def _ask(self, counts: Counts, available: Bools, length: int) -> Way | None:
        """Return the integer program's answer for one sitting."""
        stops = tuple(stop for stop in self.stops if stop >= length)
        return self._answer(question(self.pool, self.blueprint, counts, available, stops))

    def _answer(self, asked: Question) -> Way | None:
        """Return the integer program's answer, looked for once."""
        if asked not in self._answers:
            if len(self._answers) >= KEPT:
                self._answers.clear()
            found = self._answers[asked] = way(asked, self.pool, self.blueprint)
            if found is not None and found.at:
                self.certificates.keep(np.array(found.at, dtype=np.int64), asked.stops)
        return self._answers[asked]
