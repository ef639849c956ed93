"""Items in strata of rising discrimination: the sharp ones are kept for when theta is known well."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.selection.closest import difficulty
from adaptest.selection.peak import peak
from adaptest.selection.situation import Setting

BY = ("discrimination", "maximum_information")


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """Which items may be chosen from at which length.

    Attributes
    ----------
    stratum : (J,) each item's, from 0: rising discrimination
    until : (S,) a stratum is chosen from while fewer scored items than this are answered
    """

    stratum: Rows
    until: tuple[int, ...]

    def at(self, length: int) -> int:
        """Return the stratum that the item after `length` others comes from."""
        passed = sum(length >= until for until in self.until)
        return min(passed, len(self.until) - 1)

    def narrow(self, eligible: Bools, length: int) -> Bools:
        """Return (N, J) the eligible items of the stratum; of the nearest one where it has none, lower first.

        A sitting with no eligible item keeps none.
        """
        wanted = self.at(length)
        narrowed: Bools = eligible & (self.stratum == wanted)
        lacking = ~narrowed.any(axis=1)
        if not lacking.any():
            return narrowed
        others = sorted(range(len(self.until)), key=lambda other: (abs(other - wanted), other))
        for other in others[1:]:
            narrowed[lacking] = eligible[lacking] & (self.stratum == other)
            lacking &= ~narrowed.any(axis=1)
        return narrowed

    def note(self, length: int, row: int) -> str:
        """Return the sentence for an item that had to come from another stratum; empty for any other."""
        wanted, got = self.at(length), int(self.stratum[row])
        if wanted == got:
            return ""
        return (
            f"stratum {wanted + 1} of {len(self.until)} had no item that could come next; the item is from"
            f" stratum {got + 1}"
        )


def strata(
    setting: Setting, count: int, by: str, lengths: tuple[int, ...], *, block_by_difficulty: bool
) -> Strata:
    """Return a pool in `count` strata, as equal in size as can be.

    Items of equal discrimination are in one stratum. With `block_by_difficulty` the items are first put in
    blocks of `count` neighbours in difficulty, of which each stratum gets one: every stratum then covers
    the scale alike.

    Parameters
    ----------
    by : "discrimination", or "maximum_information" (where items guess, the sharper measure)
    lengths : (count,) scored items from each stratum; () shares the maximum length out evenly

    Raises
    ------
    OptionError, where it cannot be done with this pool and length.

    References
    ----------
    Chang & Ying (1999), Applied Psychological Measurement 23(3), 211-222; Chang, Qian & Ying (2001),
    Applied Psychological Measurement 25(4), 333-341 (blocks); Barrada, Mazuela & Olea (2006), Psicothema
    18(1), 156-159 (maximum information).
    """
    items, name = setting.items, "stratification"
    if by not in BY:
        raise OptionError(f"{name}: by must be one of {', '.join(BY)}; got {by!r}")
    if not 2 <= count <= len(items):  # noqa: PLR2004 (one stratum is none)
        raise OptionError(f"{name}: strata must be 2 to the pool's {len(items)} items; got {count}")
    until = tuple(accumulate(lengths or _shared(setting.maximum, count)))
    if len(until) != count or min(lengths or (1,)) < 1:
        raise OptionError(
            f"{name}: lengths must hold {count} numbers of at least 1, one for each stratum;"
            f" got {', '.join(map(str, lengths))}"
        )
    if setting.maximum is not None and until[-1] != setting.maximum:
        raise OptionError(
            f"{name}: lengths must add up to the maximum length, {setting.maximum}; got {until[-1]}"
        )
    sharpness = items.discrimination if by == BY[0] else peak(setting).information
    if block_by_difficulty:
        return Strata(_blocked(items.ids, sharpness, difficulty(setting), count), until)
    _, value, count_of = np.unique(sharpness, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count_of) - 0.5 * (count_of - 1))[value]  # equal items share their mean rank
    stratum = np.asarray(np.ceil(rank * count / len(items)), dtype=np.intp) - 1
    if empty := sorted(set(range(count)) - set(stratum.tolist())):
        raise OptionError(
            f"{name}: every stratum must have an item; got none in stratum {empty[0] + 1}, for items of equal"
            f" {by} stay together; use fewer strata or block_by_difficulty"
        )
    return Strata(stratum, until)


def _shared(maximum: int | None, count: int) -> tuple[int, ...]:
    """Return a length in `count` parts as equal as can be, the longer ones last."""
    if maximum is None:
        raise OptionError(
            "stratification: the strata share the maximum length; give length.maximum, or lengths"
        )
    if maximum < count:
        raise OptionError(
            f"stratification: strata must not exceed the maximum length, {maximum}; got {count}"
        )
    ends = [maximum * k // count for k in range(count + 1)]
    return tuple(end - start for start, end in pairwise(ends))


def _blocked(ids: tuple[str, ...], sharpness: Floats, place: Floats, count: int) -> Rows:
    """Return (J,) strata from blocks of neighbours in difficulty; ties go by id, never by file order."""
    by_id = np.argsort(np.argsort(np.array(ids)))
    order = np.lexsort((by_id, sharpness, place))
    stratum = np.empty(len(ids), dtype=np.intp)
    for start in range(0, len(order), count):
        block = order[start : start + count]
        rising = block[np.lexsort((by_id[block], place[block], sharpness[block]))]
        stratum[rising] = np.arange(len(rising)) * count // len(rising)
    return stratum
