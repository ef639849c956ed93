"""Pretest items: unscored ones that each sitting is dealt at its start, the least used first.

What is dealt is a fact of `SittingStarted`. Its streams of chance are read by nothing else, so no choice of a
scored item depends on it; only enemies of a dealt item are kept out of the sitting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from adaptest.numerics.random import Stream, permutation, uniform_one
from adaptest.pool import Pool


@dataclass(frozen=True, slots=True)
class Seeding:
    """How many pretest items a sitting is dealt, and at which places, from 0, they may stand.

    Attributes
    ----------
    items : how many
    first, last : places of the window, both in it
    """

    items: int
    first: int
    last: int

    def surely(self, minimum: int) -> int:
        """Return how many are shown even in a sitting that stops after `minimum` scored items.

        At worst they stand at the last places of the window, one after the other.
        """
        return self.items if self.last + 1 - self.items <= minimum else 0


def deal(
    seeding: Seeding,
    pool: Pool,
    seed: int,
    *,
    shown: Mapping[str, int],
    seen: Collection[str] = (),
    spared: Callable[[tuple[str, ...]], bool],
) -> tuple[tuple[int, str], ...]:
    """Return (place, item) of a sitting's pretest items, by place: fewer where enemies leave no more.

    Items this person has not seen come first, then the least shown, then chance decides. An item is passed
    over where it is an enemy of one that was dealt, or where the exam cannot spare its scored enemies.

    Parameters
    ----------
    shown : how often each item was shown so far, to anybody
    seen : items this person has seen
    spared : whether the exam can do without these scored items
    """
    chance = [uniform_one(seed, Stream.PRETEST, 0, k) for k in range(len(pool.unscored))]
    order = sorted(
        range(len(chance)),
        key=lambda k: (pool.unscored.ids[k] in seen, shown.get(pool.unscored.ids[k], 0), chance[k], k),
    )
    dealt: list[str] = []
    for k in order:
        item = pool.unscored.ids[k]
        if len(dealt) == seeding.items:
            break
        if not pool.rivals_of(item).isdisjoint(dealt):
            continue
        if spared(scored_enemies(pool, (*dealt, item))):
            dealt.append(item)
    places = permutation(seed, Stream.PRETEST_PLACE, 0, seeding.last - seeding.first + 1)
    return tuple(sorted((seeding.first + place, item) for place, item in zip(places, dealt, strict=False)))


def scored_enemies(pool: Pool, items: Iterable[str]) -> tuple[str, ...]:
    """Return the scored items that may not be shown beside any of these, in the pool's order."""
    rivals = frozenset[str]().union(*(pool.rivals_of(item) for item in items))
    return tuple(item for item in pool.ids if item in rivals) if rivals else ()
