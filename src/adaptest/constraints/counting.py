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

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from adaptest.constraints.blueprint import Blueprint, Counts, Rule
from adaptest.models.base import Bools, Rows


class Share(NamedTuple):
    """Within block `block`, cells `wanted` (C,) must make up at least `lower` of it; the rest is `other`."""

    block: int
    wanted: Bools
    lower: Fraction


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
            if rule.of is None:
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
        later = self.stops >= length
        if not later.any():
            return np.ones(len(counts), dtype=np.bool_)
        stops, least, most = self.stops[later], self.least[:, later], self.most[:, later]
        held, due, cap, fine = self._state(counts, left)
        need = np.maximum(least - held[:, :, None], due[:, :, None])
        fine &= (held + due <= most[:, 0]).all(axis=1)
        fine &= (need.sum(axis=1) <= stops - length).all(axis=1)
        fine &= (np.minimum(most, cap[:, :, None]).sum(axis=1) >= stops).all(axis=1)
        fine &= (least <= cap[:, :, None]).all(axis=(1, 2))
        return fine

    def after(self, counts: Counts, left: Counts, drop: Counts | int, length: int) -> Bools:
        """Return (N, C) whether a sitting that takes an item of a cell next is still `possible`.

        Parameters
        ----------
        drop : (C,) or one for all: by how much taking it lowers what is left of its own cell
        """
        n, c = counts.shape
        one = np.eye(c, dtype=np.int64)
        taken = (counts[:, None, :] + one).reshape(n * c, c)
        remaining = np.maximum(left[:, None, :] - one * drop, 0).reshape(n * c, c)
        return self.possible(taken, remaining, length + 1).reshape(n, c)

    def _state(self, counts: Counts, left: Counts) -> tuple[Counts, Counts, Counts, Bools]:
        """Return (N, D) items held, due at once, and at most; and (N,) whether every share can be kept."""
        held = (counts[:, None, :] * self.member).sum(axis=2)
        cap = held + (left[:, None, :] * self.member).sum(axis=2)
        due = np.zeros_like(held)
        fine = np.ones(len(counts), dtype=np.bool_)
        for block, wanted, lower in self.shares:
            rest = self.member[block].astype(np.bool_) & ~wanted
            good, more = counts[:, wanted].sum(axis=1), left[:, wanted].sum(axis=1)
            other, others = counts[:, rest].sum(axis=1), left[:, rest].sum(axis=1)
            part, whole = lower.numerator, lower.denominator
            if part == whole:
                fine &= other == 0
                cap[:, block] = good + more
                continue
            due[:, block] = np.maximum(-(-other * part // (whole - part)) - good, 0)
            fine &= due[:, block] <= more
            room = (good + more) * (whole - part) // part
            cap[:, block] = good + more + np.minimum(other + others, room)
        return held, due, cap, fine


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
