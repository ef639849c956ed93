"""The items that two calibrations have in common: which they are, and whether they can carry a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from adaptest.calibration.result import CalibrationResult, CovarianceBlock
from adaptest.errors import LinkingError
from adaptest.models.base import Floats, Rows
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.parameters.columns import BY_CATEGORY, columns_of

KINDS = {  # models that are one function: an anchor may be under either
    "rasch": "2pl", "1pl": "2pl", "2pl": "2pl", "pcm": "gpcm", "rsm": "gpcm", "gpcm": "gpcm",
}  # fmt: skip
UNIT_FIXED = ("rasch", "pcm", "rsm")  # their discrimination is 1: a logit is the same on every scale
EXACT = 1e-9  # logits: difficulties that differ by one constant so exactly are one estimate on two origins


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """One calibration, as linking sees it.

    Attributes
    ----------
    items : the items that have parameters
    covariance : joint sampling covariance of their parameters, in blocks; none where no error is known
    correlated : whether the blocks hold covariances, or variances alone
    """

    items: ItemParameters
    covariance: tuple[CovarianceBlock, ...] = ()
    correlated: bool = True

    @classmethod
    def of(cls, table: ParameterTable, covariance: Sequence[CovarianceBlock] = ()) -> Self:
        """Return a table's items with their covariance; without one, with the table's standard errors."""
        if covariance:
            return cls(table.items, tuple(covariance))
        return cls(table.items, _variances(table), correlated=False)

    @classmethod
    def of_result(cls, result: CalibrationResult) -> Self:
        """Return a calibration's items with their covariance."""
        return cls.of(result.table, result.covariance)


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """J items that both forms have, in the order of TO.

    Attributes
    ----------
    ids : (J,)
    from_items, to_items : the same items in the same order, with the parameters of each form
    shift_only : whether a logit is the same on both scales, so that A is 1
    notes : what is doubtful about them, a sentence each
    """

    ids: tuple[str, ...]
    from_items: ItemParameters
    to_items: ItemParameters
    shift_only: bool
    notes: tuple[str, ...]


def anchors(from_form: Form, to_form: Form, ids: Sequence[str] | None = None) -> Anchors:
    """Return the common items, or those named, after every check.

    Raises
    ------
    LinkingError, where there are too few, a named one is missing, or one is under two models.
    """
    ours, theirs = from_form.items, to_form.items
    if ids is None:
        shared = tuple(item for item in theirs.ids if item in ours.row)
        if not shared:
            raise LinkingError(
                f"FROM and TO must have items in common; got none among {len(ours)} and {len(theirs)}; "
                "anchors are matched by item_id"
            )
    else:
        for name, items in (("FROM", ours), ("TO", theirs)):
            if missing := [item for item in ids if item not in items.row]:
                more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
                raise LinkingError(f"anchor {missing[0]!r}{more} must have parameters in {name}; it has none")
        shared = tuple(item for item in theirs.ids if item in set(ids))
    a, b = (items.take(_rows(items, shared)) for items in (ours, theirs))
    _require_one_model(a, b)
    shift_only = all(model in UNIT_FIXED for model in (*a.models, *b.models))
    if len(shared) < (1 if shift_only else 2):
        raise LinkingError(f"a link of two constants must have at least 2 anchors; got {len(shared)}")
    return Anchors(shared, a, b, shift_only, tuple(_notes(a, b)))


def _rows(items: ItemParameters, ids: Sequence[str]) -> Rows:
    return np.array([items.row[item] for item in ids], dtype=np.intp)


def _require_one_model(a: ItemParameters, b: ItemParameters) -> None:
    for item, one, other in zip(a.ids, a.models, b.models, strict=True):
        if KINDS.get(one, one) != KINDS.get(other, other):
            raise LinkingError(
                f"anchor {item!r}: must be under one model in both; got {one} in FROM and {other} in TO; "
                "leave it out"
            )
    for item, m, n in zip(a.ids, a.categories.tolist(), b.categories.tolist(), strict=True):
        if m != n:
            raise LinkingError(
                f"anchor {item!r}: must have as many categories in both; got {m} in FROM and {n} in TO; "
                "leave it out"
            )


def _notes(a: ItemParameters, b: ItemParameters) -> list[str]:
    notes = []
    if odd := [i for i, x, y in zip(a.ids, a.a, b.a, strict=True) if x * y < 0]:
        more = f" (and {len(odd) - 1} more)" if len(odd) > 1 else ""
        notes.append(f"anchor {odd[0]!r}{more}: discriminates upwards on one form and downwards on the other")
    one, other = columns_of(a), columns_of(b)
    apart = np.concatenate(
        [np.ravel(other[name] - one[name]) for name in ("difficulty", "threshold", "step")] or [np.empty(0)]
    )
    apart = apart[np.isfinite(apart)]
    if len(apart) > 1 and np.ptp(apart) < EXACT and np.allclose(a.a, b.a, rtol=0, atol=EXACT):
        notes.append(
            f"every anchor differs by the same {apart[0] + 0.0:.6g} logits: these are one calibration on two "
            "origins, not two"
        )
    return notes


def _variances(table: ParameterTable) -> tuple[CovarianceBlock, ...]:
    """Return a block for each item whose table has standard errors, without covariances."""
    names: list[list[tuple[str, float]]] = [[] for _ in table.ids]
    for column, values in table.se.items():
        for row, se in enumerate(values):
            for k, one in enumerate(np.atleast_1d(se).tolist(), start=1):
                if np.isfinite(one):
                    names[row].append((f"{column}_{k}" if column in BY_CATEGORY else column, one))
    return tuple(
        CovarianceBlock(tuple((item, name) for name, _ in some), _square(some))
        for item, some in zip(table.ids, names, strict=True)
        if some and item in table.items.row
    )


def _square(errors: Sequence[tuple[str, float]]) -> Floats:
    return np.diag(np.array([se for _, se in errors]) ** 2)
