"""The few items that chance may choose from: exactly those a scan of every item would give."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.selection.base import Bounds, Candidates, Criterion
from adaptest.selection.situation import Situation

BLOCKS = ((64, 16), (256, 96))  # places of the order looked at, and items valued, before a full scan
QUICK = 24, 4  # places looked at first where many sittings choose, and items valued beyond those wanted
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
    cell = bounds.cell(theta)
    open_ = np.arange(len(theta))
    parts: list[tuple[Rows, Candidates]] = []
    for looked_at, valued in ((QUICK[0], size + QUICK[1]), *BLOCKS):
        found = _look(
            bounds, theta[open_], cell[open_], eligible[open_], min(looked_at, bounds.reach), valued
        )
        last = _last(found.value, size)
        done = found.bound < last
        if done.all():
            parts.append((open_, _kept(found.rows, found.value, last)))
            return together(len(theta), parts)
        if done.any():
            parts.append((open_[done], _kept(found.rows[done], found.value[done], last[done])))
            open_ = open_[~done]
    whole = criterion(situation.take(open_))
    parts.append((open_, best(whole, size)))
    return together(len(theta), parts)


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
    mine = np.arange(width) < count[:, None]
    at = places.take(np.minimum(ahead[:, None] + np.arange(width), len(places) - 1))
    rows = rows.reshape(-1).take(at)
    value = bounds.value(theta, rows)
    value[~mine] = -np.inf
    last = at[:, -1] - stop * np.arange(n)
    beyond = np.where((count >= valued) & (width == valued), last + 1, stop)
    return Looked(rows, value, bounds.bound(cell, beyond))


def _of_one(criterion: Criterion, bounds: Bounds, situation: Situation, size: int) -> Candidates:
    """Return what `shortlist` returns for one sitting, with numbers where arrays cost more."""
    theta, eligible = situation.theta, situation.eligible[0]
    one = float(theta[0])
    if (found := bounds.few(one, eligible.item, size)) is not None:
        rows, falling = [row for _, row in found], [-x for x, _ in found]
        return Candidates(np.array([rows], dtype=np.intp), np.array([falling]))
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
            order = sorted([(-x, row) for x, row in held if x >= last])
            rows, falling = [row for _, row in order], [-x for x, _ in order]
            return Candidates(np.array([rows], dtype=np.intp), np.array([falling]))
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
    value = np.where(wanted, value, -np.inf)
    width = int(np.count_nonzero(wanted, axis=1).max(initial=0))
    order = np.argsort(-value, axis=1, kind="stable")[:, :width]
    sorted_ = np.take_along_axis(value, order, axis=1)
    tied = ((sorted_[:, 1:] == sorted_[:, :-1]) & (sorted_[:, 1:] > -np.inf)).any(axis=1)
    if tied.any():  # equal ones by row
        order[tied] = np.lexsort((rows[tied], -value[tied]), axis=1)[:, :width]
    rows = np.where(sorted_ > -np.inf, np.take_along_axis(rows, order, axis=1), -1)
    return Candidates(rows, sorted_)


def together(n: int, parts: list[tuple[Rows, Candidates]]) -> Candidates:
    """Return the candidates of groups of sittings as those of all N."""
    if len(parts) == 1:
        return parts[0][1]
    width = max(part.rows.shape[1] for _, part in parts)
    rows, value = np.full((n, width), -1, dtype=np.intp), np.full((n, width), -np.inf)
    for where, part in parts:
        rows[where, : part.rows.shape[1]], value[where, : part.rows.shape[1]] = part.rows, part.value
    return Candidates(rows, value)
