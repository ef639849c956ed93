"""The few items that chance may choose from: exactly those a scan of every item would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.selection.base import Bounds, Candidates, Criterion
from adaptest.selection.situation import Situation

BLOCKS = ((64, 16), (256, 96))  # places of the order looked at, and items valued, before a full scan
QUICK = 12, 2  # places looked at first where many sittings choose, beside one for each item given so far,
# most of which were among the best; and items valued beyond those wanted
AT_ONCE = 4096  # sittings whose items are valued together: memory stays flat
LOOKS = (40, 256)  # places of the order valued for one sitting, before a full scan


def shortlist(
    criterion: Criterion, bounds: Bounds | None, situation: Situation, size: int | None
) -> Candidates:
    """Return each sitting's `size` best eligible items and their ties.

    With `bounds`, items are looked at by falling bound until the bound of the next is below the
    `size`-th best value seen; nothing after it can enter or tie. Sittings for which the table ends
    before that are scanned in full. A size of None is every eligible item.
    """
    theta, eligible = situation.theta, situation.eligible
    if bounds is None or size is None:
        return best(criterion(situation), eligible.shape[1] if size is None else size)
    if len(theta) == 1:
        return _of_one(criterion, bounds, situation, size)
    everyone = np.arange(len(theta))
    parts: list[tuple[Rows | slice, Candidates]] = []
    for start in range(0, len(theta), AT_ONCE):
        some = everyone[start : start + AT_ONCE]
        parts += _of_some(criterion, bounds, situation, size, some)
    return together(len(theta), parts)


def _of_some(
    criterion: Criterion, bounds: Bounds, situation: Situation, size: int, open_: Rows
) -> list[tuple[Rows | slice, Candidates]]:
    """Return what `shortlist` returns for sittings `open_`, which follow each other: the last of it holds."""
    parts: list[tuple[Rows | slice, Candidates]] = []
    which: Rows | slice = slice(open_[0], open_[-1] + 1)
    for looked_at, valued in ((QUICK[0] + situation.length, size + QUICK[1]), *BLOCKS):
        theta, eligible = situation.theta[which], situation.eligible[which]
        found = _look(bounds, theta, bounds.cell(theta), eligible, min(looked_at, bounds.reach), valued)
        rows, value, tied = _falling(found.rows, found.value)
        enough = value.shape[1] >= size
        last = value[:, size - 1] if enough else np.full(len(value), -np.inf)
        done = found.bound < last
        if done.any():
            parts.append((which, _as_good(rows, value, np.where(done, last, np.inf), size, tied)))
        open_ = open_[~done]
        if not open_.size:
            return parts
        which = open_
    return [*parts, (open_, best(criterion(situation.take(open_)), size))]


class Looked(NamedTuple):
    """Items looked at: (n, M) rows and values, -inf where not eligible; (n,) the bound of all others."""

    rows: Rows
    value: Floats
    bound: Floats


def _look(bounds: Bounds, theta: Floats, cell: Rows, eligible: Bools, stop: int, valued: int) -> Looked:
    """Return the values of the first `valued` eligible items among the first `stop` of the order."""
    n, j = eligible.shape
    rows = bounds.order(cell, 0, stop)
    found = eligible.reshape(-1).take(rows + j * np.arange(n)[:, None])
    count = np.count_nonzero(found, axis=1)
    width = min(valued, int(count.max(initial=0)))
    if not width:
        return Looked(np.zeros((n, 0), dtype=np.intp), np.zeros((n, 0)), bounds.bound(cell, np.full(n, stop)))
    ahead = (
        np.cumsum(count) - count
    )  # eligible ones of the sittings before, of which the places lie row by row
    places = np.flatnonzero(found)
    own = ahead[:, None] + np.arange(width)
    few = int(count.min()) < width
    at = places.take(np.minimum(own, len(places) - 1) if few else own)
    rows = rows.reshape(-1).take(at)
    value = bounds.value(theta, rows)
    if few:
        value[np.arange(width) >= count[:, None]] = -np.inf
    last = at[:, -1] - stop * np.arange(n)
    beyond = np.where((count >= valued) & (width == valued), last + 1, stop)
    return Looked(rows, value, bounds.bound(cell, beyond))


def _of_one(criterion: Criterion, bounds: Bounds, situation: Situation, size: int) -> Candidates:
    """Return what `shortlist` returns for one sitting, with numbers where arrays cost more."""
    theta, eligible = situation.theta, situation.eligible[0]
    one = theta.item()
    if (found := bounds.few(one, eligible.item, size)) is not None:
        return Candidates(found=found)
    cell = int(bounds.cell(theta)[0])
    for looked_at in LOOKS:
        stop = min(looked_at, bounds.reach)
        held_rows, value, bound = bounds.first(cell, one, stop)
        able = eligible[held_rows]
        values = value[able].tolist()
        if len(values) < size:
            continue
        last = sorted(values)[-size]
        if bound < last:
            held = zip(values, held_rows[able].tolist(), strict=True)
            return Candidates(found=sorted([(-x, row) for x, row in held if x >= last]))
    return best(criterion(situation), size)


def _last(value: Floats, size: int) -> Floats:
    """Return (N,) the `size`-th largest value; -inf where there are fewer."""
    width = value.shape[1]
    if size > width:
        return np.full(len(value), -np.inf)
    return np.partition(value, width - size, axis=1)[:, width - size]


def best(value: Floats, size: int) -> Candidates:
    """Return the best columns of (N, J) values and their ties; a column is an item."""
    last = _last(value, size)
    wanted = (value >= last[:, None]) & (value > -np.inf)
    width = int(wanted.sum(axis=1).max(initial=0))
    # False sorts before True and the sort is stable: a sitting's items first, in order of row
    rows = np.argsort(~wanted, axis=1, kind="stable")[:, :width]
    return _kept(rows, np.take_along_axis(value, rows, axis=1), last)


def _kept(rows: Rows, value: Floats, last: Floats) -> Candidates:
    """Return the items whose value is at least `last`, sorted."""
    wanted = (value >= last[:, None]) & (value > -np.inf)
    rows, value, _ = _falling(rows, np.where(wanted, value, -np.inf))
    width = int(np.count_nonzero(wanted, axis=1).max(initial=0))
    rows, value = rows[:, :width], value[:, :width]
    return Candidates(np.where(value > -np.inf, rows, -1), value)


def _falling(rows: Rows, value: Floats) -> tuple[Rows, Floats, bool]:
    """Return items and values (N, M) by falling value, equal ones by row, and whether any are equal."""
    n, m = value.shape
    order = np.argsort(-value, axis=1, kind="stable")
    place = order + m * np.arange(n)[:, None]
    sorted_ = value.reshape(-1).take(place)
    tied = sorted_[:, 1:] == sorted_[:, :-1]
    equal = bool(tied.any() and (tied := tied & (sorted_[:, 1:] > -np.inf)).any())
    if equal:
        some = np.flatnonzero(tied.any(axis=1))
        order = np.lexsort((rows[some], -value[some]), axis=1)
        place[some] = order + m * some[:, None]
    return rows.reshape(-1).take(place), sorted_, equal


def _as_good(rows: Rows, value: Floats, last: Floats, size: int, tied: bool) -> Candidates:  # noqa: FBT001 (what `_falling` says)
    """Return sorted items as candidates: those whose value is at least `last`, of which each has `size`.

    A sitting whose `last` is infinite is open yet: what stands in its row does not matter.
    """
    if not tied:
        return Candidates(rows[:, :size], value[:, :size], tied=False)
    wanted = value >= last[:, None]
    width = int(np.count_nonzero(wanted, axis=1).max())
    wanted, rows, value = wanted[:, :width], rows[:, :width], value[:, :width]
    return Candidates(np.where(wanted, rows, -1), np.where(wanted, value, -np.inf))


def together(n: int, parts: Sequence[tuple[Rows | slice, Candidates]]) -> Candidates:
    """Return the candidates of groups of sittings as those of all N; of one in several, the last.

    Where the first group is all N, the others are written over it.
    """
    (_, first), width = parts[0], max(part.rows.shape[1] for _, part in parts)
    if len(parts) == 1:
        return first
    if first.rows.shape == (n, width):
        rows, value = first.rows, first.value
    else:
        rows, value = np.full((n, width), -1, dtype=np.intp), np.full((n, width), -np.inf)
    for where, part in parts if rows is not first.rows else parts[1:]:
        own = part.rows.shape[1]
        rows[where, :own], value[where, :own] = part.rows, part.value
        if own < width:
            rows[where, own:], value[where, own:] = -1, -np.inf
    return Candidates(rows, value, tied=any(part.tied for _, part in parts))
