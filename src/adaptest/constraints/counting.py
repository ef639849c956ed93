r"""Can the rest of a sitting keep every rule? Answered exactly by counting, where the rules are blocks.

Rules are blocks where those over the whole test count disjoint kinds of items (domains, say), and every
other rule bounds from one side the share of one kind within one such block (half of INT from listening).
With B the count of a block, B[t] its bounds at length t, and A the lengths at which the sitting may stop,
a sitting of length n can go through a nested sequence of sets, all rules kept at every t in A, iff

.. math:: B + r \le u(t_1), \qquad \sum \max(l(t) - B, r, 0) \le t - n,
   \qquad \sum \min(u(t), cap) \ge t, \qquad l(t) \le cap

for all t in A above n (t_1 the first of them), and :math:`\sum \max(0, l(t) - u(s)) \le t - s` for all
s < t in A, which does not depend on the sitting and is checked once. Here r is how many more items of the
kind that a share asks for are needed at once, and cap how many items the block can ever hold.

Why: take the k-th item of a block as a job that is released when u first reaches k and due when l does. Items
come one at a time: unit jobs on one machine. All due jobs are done in time iff no interval has more of them
than places (Hall; Jackson's earliest-due-date order does them), and no place stays empty iff enough jobs are
released (the order never idles); both at once by Mendelsohn and Dulmage. Within a block, items of the kind
asked for come first, so that the share only falls towards its final value.

References
----------
Jackson (1955), Scheduling a production line to minimize maximum tardiness, UCLA Research Report 43;
Mendelsohn & Dulmage (1958), Canadian Journal of Mathematics 10, 517-531.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np

from adaptest.constraints.blueprint import Blueprint, Counts, Rule
from adaptest.models.base import Bools, Rows


class Share(NamedTuple):
    """Within block `block`, cells `wanted` (C,) must make up at least `lower` of it; the rest is `other`."""

    block: int
    wanted: Bools
    lower: Fraction


class State(NamedTuple):
    """(N, D) each: items held, due at once, ever possible in a block; whether its share can be kept."""

    held: Counts
    due: Counts
    cap: Counts
    fine: Bools


@dataclass(frozen=True, eq=False)
class Blocks:
    """A blueprint that can be counted.

    Attributes
    ----------
    member : (D, C) whether a block holds a cell; every cell is in one
    stops : (T,) the lengths at which a sitting may stop, ascending
    least, most : (D, T) bounds of each block at each of them
    shares : at most one in each block
    """

    member: Counts
    stops: Counts
    least: Counts
    most: Counts
    shares: tuple[Share, ...]

    @classmethod
    def of(cls, blueprint: Blueprint, stops: Rows) -> Blocks | None:
        """Return the blueprint as blocks, or None where it is none."""
        kinds: dict[bytes, list[Rule]] = {}
        for rule, what in zip(blueprint.rules, blueprint.what, strict=True):
            if rule.of is None and rule.binds:
                kinds.setdefault(what.tobytes(), []).append(rule)
        member = np.array([np.frombuffer(kind, dtype=np.int64) for kind in kinds])
        member = member.reshape(len(kinds), blueprint.n_cells)
        rest = 1 - member.sum(axis=0)
        if (rest < 0).any():
            return None
        member = np.vstack([member, rest])
        shares = _shares(blueprint, member)
        if shares is None:
            return None
        least = [[max(r.least(int(t)) for r in rules) for t in stops] for rules in kinds.values()]
        most = [[min(r.most(int(t)) for r in rules) for t in stops] for rules in kinds.values()]
        lengths = np.asarray(stops, dtype=np.int64)
        return cls(
            member,
            lengths,
            np.array([*least, [0] * len(lengths)], dtype=np.int64).reshape(len(member), len(lengths)),
            np.array([*most, lengths.tolist()], dtype=np.int64).reshape(len(member), len(lengths)),
            shares,
        )

    @property
    def nests(self) -> bool:
        """Whether the bounds at one stop leave time for those at every later one."""
        crowded = np.maximum(self.least[:, None, :] - self.most[:, :, None], 0).sum(axis=0)
        apart = self.stops[None, :] - self.stops[:, None]
        return bool((self.least <= self.most).all() and (crowded <= apart)[apart > 0].all())

    def possible(self, counts: Counts, left: Counts, length: int) -> Bools:
        """Return (N,) whether a sitting can go on to keep every rule at every later stop.

        Parameters
        ----------
        counts : (N, C) items given, by cell
        left : (N, C) items that can still be given, by cell
        length : of all N; it need not be a stop, and if it is one, the rules are asked of it too
        """
        first = bisect_left(self._stops, length)
        if first == len(self.stops):
            return np.ones(len(counts), dtype=np.bool_)
        stops, least, most = self.stops[first:], self.least[:, first:], self.most[:, first:]
        held = self._state(counts, left)
        need, room, fine = _ahead(held, least, most)
        needed = (need.sum(axis=1) <= stops - length).all(axis=1)
        filled = (room.sum(axis=1) >= stops).all(axis=1)
        return np.asarray(fine.all(axis=1) & needed & filled)

    def after(self, counts: Counts, left: Counts, drop: Counts | int, length: int) -> Bools:
        """Return (N, C) whether a sitting that takes an item of a cell next is still `possible`.

        Only the cell's own block changes, so that the others are summed once.

        Parameters
        ----------
        drop : (C,) or one for all: by how much taking it lowers what is left of its own cell
        """
        first = bisect_right(self._stops, length)
        if first == len(self.stops):
            return np.ones(counts.shape, dtype=np.bool_)
        stops, least, most = self.stops[first:], self.least[:, first:], self.most[:, first:]
        own, (least_own, most_own) = self._block_of, self._own
        before = self._state(counts, left)
        need, room, fine = _ahead(before, least, most)
        lost = np.minimum(left, drop)
        taken = State(
            before.held[:, own] + 1, before.due[:, own], before.cap[:, own] + 1 - lost, before.fine[:, own]
        )
        for share in self.shares:
            for cell in np.flatnonzero(self.member[share.block]):
                one = np.zeros(counts.shape[1], dtype=np.int64)
                one[cell] = 1
                taken.due[:, cell], taken.cap[:, cell], taken.fine[:, cell] = self._share(
                    share, counts + one, np.asarray(left - lost * one)
                )
        need_own, room_own, fine_own = _ahead(taken, least_own[:, first:], most_own[:, first:])
        needed = (need.sum(axis=1)[:, None] - need[:, own] + need_own <= stops - length - 1).all(axis=2)
        filled = (room.sum(axis=1)[:, None] - room[:, own] + room_own >= stops).all(axis=2)
        others = fine.sum(axis=1)[:, None] - fine[:, own] == fine.shape[1] - 1
        return np.asarray(others & fine_own & needed & filled)

    @cached_property
    def _stops(self) -> list[int]:
        return [int(stop) for stop in self.stops]

    @cached_property
    def _block_of(self) -> Rows:
        """(C,) the block of each cell."""
        return np.asarray(np.argmax(self.member, axis=0), dtype=np.intp)

    @cached_property
    def _own(self) -> tuple[Counts, Counts]:
        """(C, T) bounds of each cell's block."""
        return self.least[self._block_of], self.most[self._block_of]

    @cached_property
    def _sorted(self) -> tuple[Rows, Rows, Rows]:
        """Cells sorted by block, where each block begins, and which blocks these are."""
        cells = np.argsort(self._block_of, kind="stable")
        blocks, starts = np.unique(self._block_of[cells], return_index=True)
        return cells, starts, blocks

    def _by_block(self, by_cell: Counts) -> Counts:
        """Return (N, D) sums of (N, C)."""
        cells, starts, blocks = self._sorted
        sums = np.zeros((len(by_cell), len(self.member)), dtype=np.int64)
        sums[:, blocks] = np.add.reduceat(by_cell[:, cells], starts, axis=1)
        return sums

    def _state(self, counts: Counts, left: Counts) -> State:
        """Return how each block stands."""
        held = self._by_block(counts)
        state = State(
            held, np.zeros_like(held), held + self._by_block(left), np.ones(held.shape, dtype=np.bool_)
        )
        for share in self.shares:
            k = share.block
            state.due[:, k], state.cap[:, k], state.fine[:, k] = self._share(share, counts, left)
        return state

    def _share(self, share: Share, counts: Counts, left: Counts) -> tuple[Rows, Rows, Bools]:
        """Return (N,) items due at once, the most the block can hold, and whether its share can be kept."""
        rest = self.member[share.block].astype(np.bool_) & ~share.wanted
        good, more = counts[:, share.wanted].sum(axis=1), left[:, share.wanted].sum(axis=1)
        other, others = counts[:, rest].sum(axis=1), left[:, rest].sum(axis=1)
        part, whole = share.lower.numerator, share.lower.denominator
        if part == whole:
            return np.zeros_like(good), good + more, other == 0
        due = np.maximum(-(-other * part // (whole - part)) - good, 0)
        room = (good + more) * (whole - part) // part
        return due, good + more + np.minimum(other + others, room), due <= more


def _ahead(state: State, least: Counts, most: Counts) -> tuple[Counts, Counts, Bools]:
    """Return (N, D, T) items needed and items that fit by each stop; (N, D) whether a block is fine."""
    need = np.maximum(least - state.held[:, :, None], state.due[:, :, None])
    room = np.minimum(most, state.cap[:, :, None])
    fine = state.fine & (state.held + state.due <= most[:, 0])
    fine &= (least <= state.cap[:, :, None]).all(axis=2)
    return need, room, fine


def _shares(blueprint: Blueprint, member: Counts) -> tuple[Share, ...] | None:
    """Return the shares within blocks; None where one is of anything else, or a block has two."""
    shares: dict[int, Share] = {}
    for rule, what, of in zip(blueprint.rules, blueprint.what, blueprint.of, strict=True):
        if rule.of is None:
            continue
        match = np.flatnonzero((member == of).all(axis=1))
        bounded_below, bounded_above = (rule.lower or 0) > 0, rule.upper is not None and rule.upper < 1
        if not (bounded_below or bounded_above):
            continue
        if not match.size or (bounded_below and bounded_above) or int(match[0]) in shares:
            return None
        if bounded_below and rule.lower is not None:
            share = Share(int(match[0]), what.astype(np.bool_), rule.lower)
        else:
            share = Share(int(match[0]), (of - what).astype(np.bool_), 1 - (rule.upper or Fraction(0)))
        shares[share.block] = share
    return tuple(shares.values())
