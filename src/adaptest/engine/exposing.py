"""Exposure control where a sitting begins and where it chooses."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from adaptest.engine.batch import Seeds, Sittings, draws
from adaptest.engine.choice import Choice
from adaptest.exposure import Controls, Counters
from adaptest.models.base import Bools, Rows
from adaptest.numerics.random import Stream
from adaptest.pool import Pool

ELIGIBILITY, LOTTERY = "eligibility", "sympson_hetter"  # rules that can be set aside at a choice


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """What exposure control does to N sittings that begin.

    Attributes
    ----------
    barred : (N, J) items a sitting may not be shown
    spared : (N, J) items a rule would have barred, had the exam been able to do without them
    in_band : (N, B, J) items barred while theta is in a band; None where no rule does that
    """

    barred: Bools
    spared: Bools
    in_band: Bools | None


def begun(
    controls: Controls,
    counters: Counters,
    seed: Seeds,
    excluded: Bools,
    can_run: Callable[[Bools], bool],
) -> Begun:
    """Return what is barred for N sittings that begin now.

    A rule that may spare items bars those shown most first, as many as the exam can do without: all at once
    where that works, else by halves.

    Parameters
    ----------
    excluded : (N, J) items that are barred for other reasons
    can_run : whether a sitting without these items (J,) can keep the exam's rules to its end
    """
    outset = controls.outset(counters, seed)
    hard = outset.hard & ~excluded
    soft = outset.soft & ~excluded
    spared = np.zeros_like(soft)
    answers: dict[bytes, Bools] = {}  # sittings that are alike are asked about once
    for n in np.flatnonzero(soft.any(axis=1)):
        asked = np.stack([excluded[n] | hard[n], soft[n]]).tobytes()
        if asked not in answers:
            rows = np.flatnonzero(soft[n])
            order = rows[np.lexsort((rows, -counters.shown[rows]))]
            without = _without(excluded[n] | hard[n], order, can_run)
            answers[asked] = soft[n] & ~without
        spared[n] = answers[asked]
    return Begun(hard | (soft & ~spared), spared, outset.in_band)


def _without(barred: Bools, more: Rows, can_run: Callable[[Bools], bool]) -> Bools:
    """Return `barred` (J,) with what of the items `more` the exam can do without."""
    both = barred.copy()
    both[more] = True
    if can_run(both):
        return both
    if len(more) <= 1:
        return barred
    half = len(more) // 2
    return _without(_without(barred, more[:half], can_run), more[half:], can_run)


def able(controls: Controls | None, sittings: Sittings, allowed: Bools) -> tuple[Bools, Bools]:
    """Return (N, J) which allowed items are eligible in their band, and (N,) whether that was set aside.

    It is set aside where none would be left: content rules are kept before exposure.
    """
    if controls is None or sittings.in_band is None:
        return allowed, np.zeros(len(sittings), dtype=np.bool_)
    everyone = np.arange(len(sittings))
    left = allowed & ~sittings.in_band[everyone, controls.band(sittings.theta)]
    aside: Bools = np.logical_and(~left.any(axis=1), allowed.any(axis=1))
    left[aside] = allowed[aside]
    return left, aside


def settled(
    controls: Controls | None,
    sittings: Sittings,
    propose: Callable[[Sittings, int], Choice],
    can_go_on: Callable[[Sittings], Bools],
) -> Choice:
    """Return the choices that pass their exposure draw.

    Parameters
    ----------
    propose : chooses for sittings, for the first time (0), the second, ...
    can_go_on : (N,) whether any item can come next
    """
    first = propose(sittings, 0)
    if controls is None:
        return first
    first = replace(first, band=controls.band(sittings.theta))
    if (lottery := controls.lottery) is None:
        return first
    open_, now, proposed = np.arange(len(sittings)), sittings, first
    parts: list[tuple[Rows, Choice]] = []
    for attempt in count(1):
        draw = draws(now.seed, Stream.EXPOSURE, now.length, attempt)
        band = lottery.bands.of(now.theta)
        passes = lottery.passes(band, proposed.row, draw)
        failed = np.flatnonzero(~passes)
        without = now.take(failed).barring(proposed.row[failed, None])
        stuck = failed[~can_go_on(without)] if failed.size else failed
        aside = proposed.lottery_aside.copy()
        aside[stuck] = True
        passes[stuck] = True
        parts.append((open_[passes], replace(proposed, lottery_aside=aside).take(passes)))
        again = ~passes
        if not again.any():
            break
        passed_over = np.column_stack([proposed.passed_over[again], proposed.row[again]])
        open_, now = open_[again], now.take(again).barring(proposed.row[again, None])
        proposed = replace(
            propose(now, attempt),
            band=band[again],
            passed_over=passed_over,
            lottery_aside=aside[again],
        )
    return Choice.together(len(sittings), parts) if len(parts) > 1 else parts[0][1]


@dataclass(frozen=True, slots=True)
class Barred:
    """What exposure control decided for one sitting, in ids: the words of `SittingStarted`."""

    ineligible: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    barred_in_band: tuple[tuple[str, ...], ...] = ()


def barred_for(
    controls: Controls | None,
    counters: Counters,
    seed: int,
    pool: Pool,
    excluded: Collection[str],
    can_run: Callable[[Bools], bool],
) -> Barred:
    """Return what `begun` decides, for one sitting.

    Parameters
    ----------
    excluded : ids of items that are barred for other reasons
    """
    if controls is None:
        return Barred()
    mine = np.array([[item in excluded for item in pool.ids]], dtype=np.bool_)
    one = begun(controls, counters, np.array([seed], dtype=np.uint64), mine, can_run)

    def named(rows: Bools) -> tuple[str, ...]:
        return tuple(pool.ids[row] for row in np.flatnonzero(rows))

    in_band = () if one.in_band is None else tuple(named(band) for band in one.in_band[0])
    return Barred(named(one.barred[0]), named(one.spared[0]), in_band)
