"""How often items were shown before a sitting begins: read by its rules, never changed by them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Bools, Floats, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Counters:
    """What happened before, over the J items of a pool and the B bands of its exam.

    Attributes
    ----------
    sittings : of this exam that were shown an item
    shown : (J,) how many of them were shown each item
    shown_anywhere : (J,) the same, over all exams
    recent : rows of the items that the last sittings were shown, the newest sitting first
    visits : (B,) sittings that were shown an item while theta was in the band, faded
    barred : (B, J) those of them that could not be shown the item there, faded
    taken : (B, J) those of them that were shown it, in whatever band, faded
    """

    sittings: int
    shown: Floats
    shown_anywhere: Floats
    recent: tuple[Rows, ...]
    visits: Floats
    barred: Floats
    taken: Floats

    @classmethod
    def none(cls, items: int, bands: int) -> Counters:
        """Return the counters before the first sitting."""
        shown, cells = np.zeros(items), np.zeros((bands, items))
        return cls(0, shown, shown, (), np.zeros(bands), cells, cells)

    def after(self, shown: Bools, visited: Bools, barred: Bools | None, fading: float, kept: int) -> Counters:
        """Return the counters after N more sittings, as if they had come one after the other.

        Parameters
        ----------
        shown : (N, J) whether each was shown the item
        visited : (N, B) whether it was shown an item while theta was in the band
        barred : (N, B, J) whether it could not be shown the item there; None where none was
        fading : what is left of earlier visits of a band when another comes
        kept : how many of the last sittings are remembered item by item
        """
        newest = tuple(np.flatnonzero(one) for one in shown[::-1][:kept])
        uses = shown.sum(axis=0).astype(np.float64)
        # the last of the visits of a band counts 1, the one before it `fading`, and so on
        later = visited[::-1].cumsum(axis=0)[::-1] - visited
        weight = np.where(visited, fading**later, 0.0)
        left = (fading ** visited.sum(axis=0))[:, None]
        barred_more = 0.0 if barred is None else np.einsum("nb,nbj->bj", weight, barred)
        return Counters(
            self.sittings + len(shown),
            self.shown + uses,
            self.shown_anywhere + uses,
            (*newest, *self.recent)[:kept],
            self.visits * left[:, 0] + weight.sum(axis=0),
            self.barred * left + barred_more,
            self.taken * left + np.einsum("nb,nj->bj", weight, shown.astype(np.float64)),
        )
