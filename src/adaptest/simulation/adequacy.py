"""Whether the bank is large enough for the exam, by content area and theta, and what to write if not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Floats, Rows
from adaptest.simulation.available import most
from adaptest.simulation.collect import Collected

EDGES = (-2.0, -1.0, 0.0, 1.0, 2.0)  # logits; an item serves the band where it is most informative
CAP = 0.25  # exposure rate that the need is reckoned with where the exam says none


@dataclass(frozen=True, slots=True)
class Cell:
    """One content area in one band of theta.

    Attributes
    ----------
    low, high : the band, logits; infinite at the ends
    needed : items, so that none exceeds the cap when every sitting runs to the maximum length
    held : items of the pool that are most informative in the band
    to_write : items missing
    lost : share of the information that the area's most informative items, as many, would have given; nan
        where no simulee was
    """

    area: str
    low: float
    high: float
    needed: float
    held: int
    to_write: int
    lost: float

    @property
    def band(self) -> str:
        """The band in words."""
        if self.low == -np.inf:
            return f"below {self.high:g}"
        return f"{self.low:g} and above" if self.high == np.inf else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Adequacy:
    """The bank against the exam.

    Attributes
    ----------
    cap : exposure rate; `assumed` where the exam names none
    length : items, the exam's maximum
    lost : share of information lost in all
    """

    cap: float
    assumed: bool
    length: int
    cells: tuple[Cell, ...]
    lost: float

    @property
    def to_write(self) -> int:
        """Items missing in all."""
        return sum(cell.to_write for cell in self.cells)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to write, area by area."""
        return tuple(
            f"write {cell.to_write} items in {cell.area} that tell most at theta {cell.band}"
            for cell in self.cells
            if cell.to_write
        )


def adequacy(found: Collected, cap: float | None, weight: Floats | None = None) -> Adequacy:
    r"""Return what the exam needs and what the pool holds.

    Of all sittings a share w falls in a band, and each takes u items of an area there. No item may be given
    to more than a share r of all sittings, so the band needs

    .. math:: w\,u\,/\,r

    items of the area (the bin method of item pool design, with exposure control). u is what simulees were
    given, stretched to the maximum length.

    Parameters
    ----------
    cap : r; `CAP` where None
    weight : (Q,) share of all candidates at each node of `found.available`; as the simulees are where None

    References
    ----------
    Reckase (2010), Psychological Test and Assessment Modeling 52(2), 127-141; van der Linden, Ariel &
    Veldkamp (2006), Journal of Educational and Behavioral Statistics 31(1), 81-100.
    """
    rate = CAP if cap is None else cap
    nodes, information = found.available.nodes, found.available.information
    band_of_node = np.searchsorted(np.array(EDGES), np.round(nodes, 9), side="right")
    # an item that tells as much at several nodes is counted where it tells most first
    peak = band_of_node[np.round(information, 9).argmax(axis=0)] if information.size else np.zeros(0, np.intp)
    n_at_node = found.by_count[0].sum(axis=1)
    share = n_at_node / max(int(n_at_node.sum()), 1) if weight is None else weight
    longest = len(found.lengths) - 1
    edges = (-np.inf, *EDGES, np.inf)
    cells, all_used, all_best = [], 0.0, 0.0
    for d, area in enumerate(found.area_names):
        mine = found.area == d
        used, best, given, sittings_length = _information(found, d, mine)
        all_used, all_best = all_used + used.sum(), all_best + best.sum()
        for b in range(len(edges) - 1):
            here = band_of_node == b
            taken, total = given[here].sum(), sittings_length[here].sum()
            needed = float(share[here].sum() * taken / total * longest / rate) if total else 0.0
            held = int((peak[mine] == b).sum())
            lost = float(1 - used[here].sum() / best[here].sum()) if best[here].sum() > 0 else float("nan")
            missing = max(int(np.ceil(round(needed - held, 6))), 0)
            cells.append(Cell(area, edges[b], edges[b + 1], needed, held, missing, lost))
    lost_in_all = float(1 - all_used / all_best) if all_best > 0 else float("nan")
    return Adequacy(rate, cap is None, longest, tuple(cells), lost_in_all)


def _information(found: Collected, d: int, mine: np.ndarray) -> tuple[Floats, Floats, Rows, Rows]:
    """Return by node the information of an area, the most it could be, its items given, all given."""
    counts, own = found.at_node[:, mine], found.available.information[:, mine]
    used: Floats = (counts * own).sum(axis=1)
    could = most(own)
    width = min(could.shape[1], found.by_count.shape[2])
    best: Floats = (found.by_count[d][:, :width] * could[:, :width]).sum(axis=1)
    return used, best, counts.sum(axis=1), found.at_node.sum(axis=1)
