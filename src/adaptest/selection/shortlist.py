"""The few items that chance may choose from: exactly those a scan of every item would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.selection.base import Bounds, Criterion, Posterior

BLOCKS = (64, 256)  # places of the order looked at before a full scan


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The best eligible items of N sittings, with every tie of the last of them.

    Attributes
    ----------
    rows : (N, M) items by falling value, equal ones by row; -1 beyond a sitting's own
    value : (N, M) criteria, 9 decimals; -inf beyond a sitting's own
    """

    rows: Rows
    value: Floats


def shortlist(
    criterion: Criterion,
    items: ItemParameters,
    bounds: Bounds | None,
    theta: Floats,
    posterior: Posterior | None,
    eligible: Bools,
    size: int,
) -> Candidates:
    """Return each sitting's `size` best eligible items and their ties.

    With `bounds`, items are looked at by falling bound until the bound of the next is below the
    `size`-th best value seen; nothing after it can enter or tie. Sittings for which the table ends
    before that are scanned in full.
    """
    if bounds is None:
        return _best(criterion(items, theta, posterior, eligible), size)
    cell = bounds.cell(theta)
    open_ = np.arange(len(theta))
    parts: list[tuple[Rows, Candidates]] = []
    for stop in (min(block, bounds.reach) for block in BLOCKS):
        rows = bounds.order(cell[open_], 0, stop)
        value = bounds.value(theta[open_], rows)
        value[~eligible[open_[:, None], rows]] = -np.inf
        last = _last(value, size)
        done = bounds.bound(cell[open_], stop) < last
        if done.all():
            parts.append((open_, _kept(rows, value, last)))
            return _together(len(theta), parts)
        if done.any():
            parts.append((open_[done], _kept(rows[done], value[done], last[done])))
            open_ = open_[~done]
    whole = criterion(
        items,
        theta[open_],
        None if posterior is None else Posterior(posterior.theta, posterior.weight[open_]),
        eligible[open_],
    )
    parts.append((open_, _best(whole, size)))
    return _together(len(theta), parts)


def _last(value: Floats, size: int) -> Floats:
    """Return (N,) the `size`-th largest value; -inf where there are fewer."""
    width = value.shape[1]
    if size > width:
        return np.full(len(value), -np.inf)
    return np.partition(value, width - size, axis=1)[:, width - size]


def _best(value: Floats, size: int) -> Candidates:
    """Return the best columns of (N, J) values and their ties; a column is an item."""
    last = _last(value, size)
    wanted = (value >= last[:, None]) & (value > -np.inf)
    width = int(wanted.sum(axis=1).max(initial=0))
    # False sorts before True and the sort is stable: a sitting's items first, in order of row
    rows = np.argsort(~wanted, axis=1, kind="stable")[:, :width]
    return _kept(rows, np.take_along_axis(value, rows, axis=1), last)


def _kept(rows: Rows, value: Floats, last: Floats) -> Candidates:
    """Return the items whose value is at least `last`, sorted."""
    if len(rows) == 1:  # the same with fewer calls: one live sitting waits for them
        kept = np.flatnonzero((value[0] >= last[0]) & (value[0] > -np.inf))
        mine, theirs = rows[0, kept], value[0, kept]
        order = np.lexsort((mine, -theirs))
        return Candidates(mine[order][None], theirs[order][None])
    wanted = (value >= last[:, None]) & (value > -np.inf)
    value = np.where(wanted, value, -np.inf)
    order = np.lexsort((rows, -value), axis=1)[:, : int(wanted.sum(axis=1).max(initial=0))]
    value = np.take_along_axis(value, order, axis=1)
    rows = np.where(value > -np.inf, np.take_along_axis(rows, order, axis=1), -1)
    return Candidates(rows, value)


def _together(n: int, parts: list[tuple[Rows, Candidates]]) -> Candidates:
    """Return the candidates of groups of sittings as those of all N."""
    if len(parts) == 1:
        return parts[0][1]
    width = max(part.rows.shape[1] for _, part in parts)
    rows, value = np.full((n, width), -1, dtype=np.intp), np.full((n, width), -np.inf)
    for where, part in parts:
        rows[where, : part.rows.shape[1]], value[where, : part.rows.shape[1]] = part.rows, part.value
    return Candidates(rows, value)
