"""Step 3: which items have responses enough to be estimated; the others are held, not guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.parameters import ParameterTable
from adaptest.programme.collect import Collection
from adaptest.programme.policy import Gates
from adaptest.programme.tables import rows_of


@dataclass(frozen=True, slots=True, eq=False)
class Gated:
    """J items' volume.

    Attributes
    ----------
    n : (J,) valid responses in the window
    fewest : (J,) of its least used category
    needed : (J,) responses that its model asks for
    met : (J,) whether volume is enough
    """

    items: tuple[str, ...]
    n: Rows
    fewest: Rows
    needed: Rows
    met: Bools

    @property
    def passed(self) -> tuple[str, ...]:
        """The items whose volume is enough."""
        return tuple(item for item, met in zip(self.items, self.met, strict=True) if met)

    def why(self, item: str, per_category: int) -> str:
        """Return what an item is short of, in words."""
        j = self.items.index(item)
        if self.n[j] < self.needed[j]:
            return f"{self.n[j]} of {self.needed[j]} responses"
        return f"{self.fewest[j]} of {per_category} responses in its least used category"


def gate(
    collection: Collection, items: Sequence[str], models: Sequence[str], gates: Gates, keep: Bools
) -> Gated:
    """Return the volume of some items.

    Parameters
    ----------
    models : (J,) each item's model
    keep : (n,) the responses that count
    """
    log = collection.log
    n = collection.count(items, keep)
    rows = np.flatnonzero(keep & (log.score >= 0))
    highest = int(log.score.max(initial=1))
    by = np.bincount(
        log.item[rows] * (highest + 1) + log.score[rows], minlength=len(log.items) * (highest + 1)
    )
    table = by.reshape(-1, highest + 1)
    place = {item: k for k, item in enumerate(log.items)}
    fewest = np.array([_fewest(table[place[item]]) if item in place else 0 for item in items], dtype=np.intp)
    needed = np.array([gates.responses(model) for model in models], dtype=np.intp)
    return Gated(tuple(items), n, fewest, needed, (n >= needed) & (fewest >= gates.per_category))


def _fewest(counts: Rows) -> int:
    """Return the responses of the least used category, of those up to the highest score seen (at least 2)."""
    top = max(int(np.flatnonzero(counts).max(initial=1)), 1)
    return int(counts[: top + 1].min())


def precise(table: ParameterTable, items: Sequence[str], gates: Gates) -> tuple[Bools, list[str]]:
    """Return whether each estimated item meets the gate by standard errors, and what it is short of.

    The standard error of ln a is se_a / |a|.
    """
    rows = rows_of(table, items)
    se_b = _column(table, "difficulty")[rows]
    se_a = _column(table, "discrimination")[rows]
    a = np.array([table.items.discrimination[table.items.row[item]] for item in items])
    se_log = se_a / np.abs(a)
    bad_b, bad_a = se_b > gates.se_difficulty, se_log > gates.se_log_discrimination
    words = [
        f"SE of difficulty {b:.2f} above {gates.se_difficulty:g}"
        if wrong_b
        else (f"SE of ln discrimination {s:.2f} above {gates.se_log_discrimination:g}" if wrong_a else "")
        for b, s, wrong_b, wrong_a in zip(se_b, se_log, bad_b, bad_a, strict=True)
    ]
    return ~(bad_b | bad_a), words


def _column(table: ParameterTable, name: str) -> Floats:
    """Return a column of standard errors; nan where there is none, which fails no gate."""
    return table.se[name] if name in table.se else np.full(len(table), np.nan)
