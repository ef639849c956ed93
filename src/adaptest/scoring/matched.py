"""Items and responses brought together by id, to compare what was with what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import OptionError, ResponseError
from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.responses.table import Policy, Scores


@dataclass(frozen=True, eq=False)
class Matched:
    """J items in the order of the responses' columns, and the cells that were answered, item by item.

    Attributes
    ----------
    items : J items
    responses : resolved, the same J items
    person, score : (n,) of each answered cell, item after item
    start : (J + 1,) where each item's cells begin
    """

    items: ItemParameters
    responses: Responses
    person: Rows
    score: Scores
    start: NDArray[np.int64]

    @property
    def weight(self) -> Floats:
        """(N,) how many persons each row stands for."""
        return self.responses.weight

    def item(self) -> Rows:
        """Return (n,) the item of each cell."""
        return np.repeat(np.arange(len(self.items)), np.diff(self.start))

    def by_item(self) -> Iterator[tuple[int, slice]]:
        """Yield each item's row and where its cells stand."""
        for row in range(len(self.items)):
            yield row, slice(int(self.start[row]), int(self.start[row + 1]))

    def item_sums(self, values: Floats) -> Floats:
        """Return (J,) sums of a value of each cell (n,)."""
        return np.bincount(self.item(), weights=values, minlength=len(self.items)).astype(np.float64)

    def person_sums(self, values: Floats) -> Floats:
        """Return (N,) sums of a value of each cell (n,)."""
        sums = np.bincount(self.person, weights=values, minlength=len(self.responses))
        return sums.astype(np.float64)

    def table(self) -> Scores:
        """Return (N, J) scores, -1 where there is none."""
        whole = np.full((len(self.responses), len(self.items)), -1, dtype=np.int8)
        whole[self.person, self.item()] = self.score
        return whole


def matched(
    items: ItemParameters,
    responses: Responses,
    *,
    omitted: Policy = "wrong",
    not_reached: Policy = "not_presented",
) -> Matched:
    """Return the items of the responses with their answered cells.

    Parameters
    ----------
    omitted, not_reached : what such a response counts as

    Raises
    ------
    OptionError, where one of the two is something else; ResponseError, for an item without parameters, or a
    score that its item does not have.
    """
    for what, kind, got in (("parameters", ItemParameters, items), ("responses", Responses, responses)):
        if not isinstance(got, kind):
            raise OptionError(
                f"{what} must be {kind.__name__}, as read_{what} returns; got {type(got).__name__}"
            )
    if unknown := [item for item in responses.items if item not in items.row]:
        more = f" (and {len(unknown) - 1} more items)" if len(unknown) > 1 else ""
        raise ResponseError(
            f"item {unknown[0]!r}: must have parameters; got none{more}; add them, or leave the item out"
        )
    resolved = responses.resolved(omitted=omitted, not_reached=not_reached)
    own = items.take(np.array([items.row[item] for item in responses.items], dtype=np.intp))
    rows = resolved.sparse()
    answered = rows.score >= 0
    person, item, score = rows.person()[answered], rows.item[answered], rows.score[answered]
    if (above := np.flatnonzero(score >= own.categories[item])).size:
        first, more = above[0], f" (and {len(above) - 1} more responses)" if len(above) > 1 else ""
        raise ResponseError(
            f"item {own.ids[item[first]]!r}: score must be in 0..{own.categories[item[first]] - 1}; "
            f"got {score[first]}{more}"
        )
    order = np.argsort(item, kind="stable")
    start = np.concatenate([[0], np.bincount(item, minlength=len(own)).cumsum()]).astype(np.int64)
    return Matched(own, resolved, person[order], score[order], start)
