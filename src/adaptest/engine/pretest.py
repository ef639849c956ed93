"""Pretest items: unscored ones that each sitting is dealt at its start, the least used first.

What is dealt is a fact of `SittingStarted`; what is chosen near theta, as its place is reached, is one of
`PretestChosen`. Their streams of chance are read by nothing else, so no choice of a scored item depends on
them; only enemies of a pretest item are kept out of the sitting.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from adaptest.numerics.random import Stream, permutation, uniform_one
from adaptest.pool import Pool

DIFFICULTY = "provisional_difficulty"  # attribute of unscored items, logits; None where nobody knows


Window = tuple[int, int, int]  # items, and the first and the last place they may stand at
OPEN = ""  # in place of an item that is chosen when its place is reached


@dataclass(frozen=True, slots=True)
class Seeding:
    """How many pretest items a sitting is dealt, and at which places, from 0, they may stand.

    Attributes
    ----------
    items : how many, in all windows
    first, last : places from the first of any window to the last of any
    windows : ascending, where there are several; () for one, from first to last
    within : where items are chosen as their places are reached: how near to theta their difficulty is to be
    """

    items: int
    first: int
    last: int
    windows: tuple[Window, ...] = ()
    within: float | None = None

    @property
    def every_window(self) -> tuple[Window, ...]:
        """The windows, one or several."""
        return self.windows or ((self.items, self.first, self.last),)

    def surely(self, minimum: int) -> int:
        """Return how many are shown even in a sitting that stops after `minimum` scored items.

        At worst they stand at the last places of each window, one after the other.
        """
        late = [last - k for items, _, last in self.every_window for k in range(items)]
        return sum(place - before <= minimum for before, place in enumerate(sorted(late)))

    def places(self, seed: int) -> tuple[int, ...]:
        """Return the places drawn for a sitting, window by window."""
        found: list[int] = []
        for number, (items, first, last) in enumerate(self.every_window):
            order = permutation(seed, Stream.PRETEST_PLACE, number, last - first + 1)
            found += [first + place for place in order[:items]]
        return tuple(found)


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
    over where it is an enemy of one that was dealt, or where the exam cannot spare its scored enemies. Where
    items are chosen as their places are reached, only the places are dealt.

    Parameters
    ----------
    shown : how often each item was shown so far, to anybody
    seen : items this person has seen
    spared : whether the exam can do without these scored items
    """
    if seeding.within is not None:
        return tuple(sorted((place, OPEN) for place in seeding.places(seed)))
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
    return tuple(sorted(zip(seeding.places(seed), dealt, strict=False)))


def targeted(
    seeding: Seeding,
    pool: Pool,
    seed: int,
    place: int,
    theta: float,
    *,
    shown: Mapping[str, int],
    seen: Collection[str],
    fits: Callable[[str], bool],
) -> str:
    """Return the pretest item for a place that is reached; OPEN where none fits.

    Items this person has not seen come first, then those whose difficulty is near theta, then the least
    shown, then chance decides. An item whose difficulty nobody judged is near no theta.

    Parameters
    ----------
    theta : the estimate so far
    shown, seen : as `deal` says
    fits : whether an item can be shown beside those that were, and the exam can spare its enemies
    """
    known = pool.unscored.attributes.get(DIFFICULTY, (None,) * len(pool.unscored))

    def rank(k: int) -> tuple[bool, bool, int, float, int]:
        item, value = pool.unscored.ids[k], known[k]
        near = isinstance(value, int | float) and abs(value - theta) <= (seeding.within or 0.0)
        return item in seen, not near, shown.get(item, 0), uniform_one(seed, Stream.PRETEST, place, k), k

    order = sorted(range(len(pool.unscored)), key=rank)
    return next((pool.unscored.ids[k] for k in order if fits(pool.unscored.ids[k])), OPEN)


def scored_enemies(pool: Pool, items: Iterable[str]) -> tuple[str, ...]:
    """Return the scored items that may not be shown beside any of these, in the pool's order."""
    rivals = frozenset[str]().union(*(pool.rivals_of(item) for item in items if item != OPEN))
    return tuple(item for item in pool.ids if item in rivals) if rivals else ()
