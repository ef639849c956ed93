"""ItemParameters: items of any mix of families, in the caller's order."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from adaptest.errors import ItemParameterError
from adaptest.models.base import (
    Family,
    Floats,
    Rows,
    expected_score,
    information_slope,
    observed_information,
    warm_numerator,
)

NOWHERE = np.empty(0)  # theta of what does not depend on it


@dataclass(frozen=True, eq=False)
class ItemParameters:
    """J items in the order of `ids`; each block holds those of one family, in any order.

    It has the mathematics of a family, and everything it takes and returns is in the order of `ids`: theta is
    (Q,), or (Q, J), each item at values of its own.

    Attributes
    ----------
    ids : (J,) item ids, text, unique
    blocks : families that hold these items and no others, each item once

    Raises
    ------
    ItemParameterError, naming the first id that breaks a rule.

    Examples
    --------
    >>> from adaptest.models import GradedItems, LogisticItems
    >>> binary = LogisticItems(("b1", "b2"), [1.0, 1.2], [0.0, 0.5], [0, 0], [1, 1])
    >>> graded = GradedItems(("g1",), [1.5], [[-1.0, 0.5]])
    >>> items = ItemParameters(("b2", "g1", "b1"), (binary, graded))
    >>> items.models
    ('2pl', 'grm', '2pl')
    >>> items.expected_score(np.array([0.5])).round(3)
    array([[0.5  , 1.405, 0.622]])
    """

    ids: tuple[str, ...]
    blocks: tuple[Family, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        object.__setattr__(self, "blocks", tuple(self.blocks))
        if len(self.blocks) == 1 and self.blocks[0].ids == self.ids and len(set(self.ids)) == len(self.ids):
            return
        held = [item for block in self.blocks for item in block.ids]
        for name, ids in (("item ids", self.ids), ("ids of the blocks", held)):
            item, times = Counter(ids).most_common(1)[0] if ids else ("", 0)
            if times > 1:
                raise ItemParameterError(f"{name} must be unique; got {item!r} {times} times")
        if odd := sorted(set(held) ^ set(self.ids)):
            more = f" (and {len(odd) - 1} more)" if len(odd) > 1 else ""
            raise ItemParameterError(
                f"item {odd[0]!r}: must be both among the ids and in one block; got it in one only{more}"
            )

    @classmethod
    def of(cls, *blocks: Family) -> ItemParameters:
        """Return the items of `blocks`, one block after the other."""
        return cls(tuple(item for block in blocks for item in block.ids), blocks)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row(self) -> dict[str, int]:
        """Row of each item id."""
        return {item: row for row, item in enumerate(self.ids)}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of every item's id, model and values, in order; blocks and padding do not show."""
        texts = [""] * len(self)
        for block, rows in zip(self.blocks, self._rows, strict=True):
            names = [field.name for field in fields(block) if field.init]  # type: ignore[arg-type]
            columns = [getattr(block, name) + 0.0 for name in names if name not in ("ids", "models")]
            for k, row in enumerate(rows):
                values = [np.ravel(column[k]) for column in columns]
                own = [value[np.isfinite(value)].tolist() for value in values]
                texts[row] = json.dumps([block.ids[k], block.models[k], *own])
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()

    @cached_property
    def models(self) -> tuple[str, ...]:
        """(J,) name of each item's model in files."""
        names = [""] * len(self)
        for block, rows in zip(self.blocks, self._rows, strict=True):
            for row, model in zip(rows, block.models, strict=True):
                names[row] = model
        return tuple(names)

    @cached_property
    def discrimination(self) -> Floats:
        """(J,) discrimination, per logit (NRM: that of the top category)."""
        result = self._in_order((len(self),), lambda block, _: block.a).copy()
        result.flags.writeable = False
        return result

    @property
    def a(self) -> Floats:
        """(J,) discrimination, by its letter in formulas."""
        return self.discrimination

    @cached_property
    def categories(self) -> Rows:
        """(J,) number of score categories of each item."""
        result = np.zeros(len(self), dtype=np.intp)
        for block, rows in zip(self.blocks, self._rows, strict=True):
            result[rows] = block.categories
        result.flags.writeable = False
        return result

    def probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) category probabilities, K the largest of any item."""
        return self._in_order(self._shape(theta), lambda block, at: block.probability(at), theta)

    def log_probability(self, theta: Floats) -> Floats:
        """Return (Q, J, K) log category probabilities; -inf beyond an item's own categories."""
        return self._in_order(
            self._shape(theta), lambda block, at: block.log_probability(at), theta, fill=-np.inf
        )

    def log_slope(self, theta: Floats) -> Floats:
        """Return (Q, J, K) first derivative of the log-probability in theta."""
        return self._in_order(self._shape(theta), lambda block, at: block.log_slope(at), theta)

    def log_curvature(self, theta: Floats) -> Floats:
        """Return (Q, J, K) second derivative of the log-probability in theta."""
        return self._in_order(self._shape(theta), lambda block, at: block.log_curvature(at), theta)

    def information(self, theta: Floats) -> Floats:
        """Return (Q, J) Fisher information about theta, per squared logit."""
        return self._in_order((len(theta), len(self)), lambda block, at: block.information(at), theta)

    def expected_score(self, theta: Floats) -> Floats:
        """Return (Q, J) expected score, from 0 to K - 1."""
        return self._in_order((len(theta), len(self)), expected_score, theta)

    def observed_information(self, theta: Floats) -> Floats:
        """Return (Q, J, K) information that each score would give."""
        return self._in_order(self._shape(theta), observed_information, theta)

    def information_slope(self, theta: Floats) -> Floats:
        """Return (Q, J) derivative of the Fisher information in theta."""
        return self._in_order((len(theta), len(self)), information_slope, theta)

    def warm_numerator(self, theta: Floats) -> Floats:
        """Return (Q, J) the sum over categories of P' P'' / P."""
        return self._in_order((len(theta), len(self)), warm_numerator, theta)

    def take(self, rows: Rows) -> ItemParameters:
        """Return the items at `rows`, in that order; a row may not come twice."""
        chosen = np.arange(len(self))[np.asarray(rows)]
        place = np.full(len(self), -1)
        place[chosen] = np.arange(len(chosen))
        blocks = []
        for block, held in zip(self.blocks, self._rows, strict=True):
            wanted = np.flatnonzero(place[held] >= 0)
            if wanted.size:
                blocks.append(block.take(wanted[np.argsort(place[held][wanted])]))
        return ItemParameters(tuple(self.ids[row] for row in chosen), tuple(blocks))

    @cached_property
    def _rows(self) -> tuple[Rows, ...]:
        """Where each block's items stand in the caller's order."""
        return tuple(np.array([self.row[i] for i in block.ids], dtype=np.intp) for block in self.blocks)

    @cached_property
    def _alone(self) -> Family | None:
        """The one block that is already in the caller's order: its results need no copy."""
        only = self.blocks[0] if len(self.blocks) == 1 else None
        return only if only is not None and only.ids == self.ids else None

    def _shape(self, theta: Floats) -> tuple[int, int, int]:
        return len(theta), len(self), int(self.categories.max(initial=0))

    def _in_order(
        self,
        shape: tuple[int, ...],
        function: Callable[[Family, Floats], Floats],
        theta: Floats = NOWHERE,
        fill: float = 0.0,
    ) -> Floats:
        """Return the blocks' results with the item axis in the caller's order, padded with `fill`."""
        if self._alone is not None:
            part = function(self._alone, theta)
            return part if part.shape == shape else np.ascontiguousarray(part[..., : shape[-1]])
        result = np.full(shape, fill)
        for block, rows in zip(self.blocks, self._rows, strict=True):
            part = function(block, theta if theta.ndim == 1 else theta[:, rows])
            if part.ndim == 1:
                result[rows] = part
            elif part.ndim == 2:  # noqa: PLR2004 (Q by J)
                result[:, rows] = part
            else:
                k = min(part.shape[-1], shape[-1])
                result[:, rows, :k] = part[..., :k]
        return result
