"""ParameterTable: items with what is known about their parameters, row by row of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import numpy as np

from adaptest.errors import ItemParameterError
from adaptest.models.base import Floats, column, columns
from adaptest.parameters.columns import (
    BASES,
    BY_CATEGORY,
    PARAMETERS,
    STATUSES,
    column_name,
    misspelt,
    rows_of,
)
from adaptest.parameters.items import ItemParameters

ROWWISE = ("models", "n_per_category", "basis", "status", "flags", "scale_id")

LOWEST_SCORE = "lowest_score"  # extra column: what the responses' scores are counted from, where it is not 0


@dataclass(frozen=True, slots=True, eq=False)
class ParameterTable:
    """L rows, one an item; J of them have parameters.

    Every column has L entries, in the order of the rows, whether the row has parameters or not.

    Attributes
    ----------
    ids : (L,) item ids, text, unique
    items : the J items that have parameters, in the order of the rows
    models : (L,) model of each row; "" where a row without parameters names none
    se : standard errors by the parameter's name in files ("discrimination", "difficulty", "guessing",
        "upper_asymptote": (L,); "threshold", "step", "category_slope", "category_intercept": (L, K-1));
        nan where there is none
    n : (L,) number of responses behind each row; nan where it is not known
    n_per_category : (L,) of tuples, number of responses in each category; () where it is not known
    basis : (L,) judged, calibrated, anchored, or ""
    status : (L,) estimated, anchored, at_prior, at_bound, extreme, no_responses, inestimable, held, or ""
    flags : (L,) of tuples of words
    scale_id : (L,) name of the scale that the parameters are on, or ""
    scaling_constant : (L,) the D that the file's discriminations were multiplied by when they were read;
        1 inside and in every file that we write
    extra : further columns of the file, as text, by their name
    notes : what reading inferred, multiplied, left out or kept unused, a sentence each

    Raises
    ------
    ItemParameterError, naming the column or the first item that breaks a rule.
    """

    ids: tuple[str, ...]
    items: ItemParameters
    models: tuple[str, ...]
    se: Mapping[str, Floats]
    n: Floats
    n_per_category: tuple[tuple[float, ...], ...]
    basis: tuple[str, ...]
    status: tuple[str, ...]
    flags: tuple[tuple[str, ...], ...]
    scale_id: tuple[str, ...]
    scaling_constant: Floats
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.ids)
        if len(set(self.ids)) < count or tuple(i for i in self.ids if i in self.items.row) != self.items.ids:
            raise ItemParameterError("ids must be unique and hold those of items, in the same order")
        rowwise = {name: getattr(self, name) for name in ROWWISE} | {
            f"column {name!r}": values for name, values in self.extra.items()
        }
        for name, entries in rowwise.items():
            if len(entries) != count:
                raise ItemParameterError(f"{name} must have {count} entries, one per row; got {len(entries)}")
        if known := [
            name for name in self.extra if column_name(name) == name.strip().lower() or misspelt(name)
        ]:
            raise ItemParameterError(f"a further column must have a name of its own; got {known[0]!r}")
        _require_words(self.ids, "basis", self.basis, BASES)
        _require_words(self.ids, "status", self.status, STATUSES)
        for item, flags in zip(self.ids, self.flags, strict=True):
            if odd := [flag for flag in flags if flag.split() != [flag]]:
                raise ItemParameterError(f"item {item!r}: a flag must be one word; got {odd[0]!r}")
        se = {name: _standard_errors(name, values, count) for name, values in self.se.items()}
        object.__setattr__(self, "se", MappingProxyType(se))
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))
        for name in ("n", "scaling_constant"):
            object.__setattr__(self, name, column(name, getattr(self, name), (count,)))

    @classmethod
    def of(
        cls,
        items: ItemParameters,
        *,
        ids: Sequence[str] | None = None,
        se: Mapping[str, Floats] | None = None,
        n: Floats | None = None,
        n_per_category: Sequence[Sequence[float]] | None = None,
        basis: str | Sequence[str] = "",
        status: str | Sequence[str] = "",
        flags: Sequence[Sequence[str]] | None = None,
        scale_id: str | Sequence[str] = "",
        extra: Mapping[str, Sequence[str]] | None = None,
        notes: Sequence[str] = (),
    ) -> Self:
        """Return a table of these items; what is not given is not known.

        Parameters
        ----------
        ids : (L,) ids of all rows, where some have no parameters; those of `items` otherwise
        basis, status, scale_id : one word for all rows, or (L,) of them

        Examples
        --------
        >>> from adaptest.models import LogisticItems
        >>> items = ItemParameters.of(LogisticItems(("i1",), [1.2], [0.4], [0.0], [1.0]))
        >>> ParameterTable.of(items, ids=["i0", "i1"], basis="calibrated").without_parameters
        ('i0',)
        """
        rows = items.ids if ids is None else tuple(ids)
        count = len(rows)
        return cls(
            ids=rows,
            items=items,
            models=tuple(items.models[items.row[item]] if item in items.row else "" for item in rows),
            se=se or {},
            n=np.full(count, np.nan) if n is None else n,
            n_per_category=((),) * count if n_per_category is None else tuple(map(tuple, n_per_category)),
            basis=_each(basis, count),
            status=_each(status, count),
            flags=((),) * count if flags is None else tuple(map(tuple, flags)),
            scale_id=_each(scale_id, count),
            scaling_constant=np.ones(count),
            extra={name: tuple(values) for name, values in (extra or {}).items()},
            notes=tuple(notes),
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def without_parameters(self) -> tuple[str, ...]:
        """Ids of the rows that are not among `items`: inestimable, without responses, held, or left empty."""
        return tuple(item for item in self.ids if item not in self.items.row)

    @property
    def lowest_score(self) -> int:
        """What the scores of responses to these items are counted from: 0, or as an extra column says.

        Raises
        ------
        ItemParameterError, where that column holds anything but one whole number.
        """
        words = set(self.extra.get(LOWEST_SCORE, ())) - {""} or {"0"}
        if len(words) > 1 or not min(words).isdecimal():
            raise ItemParameterError(
                f"{LOWEST_SCORE} must be one whole number for all items; got {sorted(words)}"
            )
        return int(min(words))

    def se_of_items(self, name: str) -> Floats:
        """Return a parameter's standard errors for the J items only; nan where there are none.

        Parameters
        ----------
        name : a parameter's name in files; see `se`
        """
        rows = rows_of(self.ids, self.items.ids)
        return self.se[name][rows] if name in self.se else np.full(len(rows), np.nan)


def _each(word: str | Sequence[str], count: int) -> tuple[str, ...]:
    return (word,) * count if isinstance(word, str) else tuple(word)


def _require_words(ids: Sequence[str], name: str, words: Sequence[str], known: Sequence[str]) -> None:
    for item, word in zip(ids, words, strict=True):
        if word and word not in known:
            raise ItemParameterError(f"item {item!r}: {name} must be one of {', '.join(known)}; got {word!r}")


def _standard_errors(name: str, values: Floats, count: int) -> Floats:
    """Return one parameter's standard errors as a read-only column, or one by category."""
    if name not in PARAMETERS:
        raise ItemParameterError(f"se must name parameters, {', '.join(PARAMETERS)}; got {name!r}")
    se = (
        columns(f"se of {name}", values, count)
        if name in BY_CATEGORY
        else column(f"se of {name}", values, (count,))
    )
    if (se < 0).any():
        raise ItemParameterError(f"se of {name} must be 0 or more; got {np.nanmin(se)}")
    return se
