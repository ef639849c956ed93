"""The item banks of cases, as items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from adaptest.models import Family, GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.programme.verify.case import Context, NotComputedError

RASCH = ("PC", "GPC")


def names(count: int) -> tuple[str, ...]:
    """Return i0, i1, ...."""
    return tuple(f"i{k}" for k in range(count))


def items_of(context: Context, inputs: Mapping[str, Any], d: float | None = None) -> ItemParameters:
    """Return the items of a case's bank, those that it names or all."""
    bank = context.banks.get(inputs.get("bank", ""))
    if bank is None:
        raise NotComputedError(f"bank {inputs.get('bank')!r} is not in the file")
    chosen: Iterable[int] = inputs.get("items_0based", range(len(bank["params"])))
    rows = [bank["params"][row] for row in chosen]
    return ItemParameters.of(family(bank["model"], rows, bank.get("D", 1.0) if d is None else d))


def family(model: str, rows: Sequence[Sequence[Any]], d: float = 1.0) -> Family:
    """Return items from rows of a table: a first, then b, c, d or thresholds; PCM has steps alone."""
    word = model.upper()
    if word == "GRM":
        table = _padded(rows, np.inf)
        return GradedItems(names(len(table)), table[:, 0] * d, table[:, 1:])
    if word == "PCM":
        return PartialCreditItems(
            names(len(rows)), np.full(len(rows), d), _padded(rows, np.inf), ("pcm",) * len(rows)
        )
    if word == "GPCM":
        table = _padded(rows, np.inf)
        return PartialCreditItems(names(len(table)), table[:, 0] * d, table[:, 1:])
    if word == "NRM":
        table = _padded([[0.0, 0.0, *row] for row in rows], np.nan)
        return NominalItems(names(len(table)), table[:, ::2], table[:, 1::2])
    if word in {"1PL", "2PL", "3PL", "4PL", "RASCH"}:
        full = np.array([[*row, *[0.0, 1.0][len(row) - 2 :]] for row in rows], dtype=np.float64)
        return LogisticItems(names(len(full)), full[:, 0] * d, *full[:, 1:].T)
    raise NotComputedError(f"model {model!r} is none of ours")


def single(model: str, params: Mapping[str, Any], d: float) -> ItemParameters:
    """Return one item from a case's named parameters."""
    a = np.array([params.get("a", 1.0) * d])
    if model in RASCH:
        word = "pcm" if model == "PC" else "gpcm"
        return ItemParameters.of(PartialCreditItems(("i0",), a, np.array([params["deltas"]]), (word,)))
    if model == "GR":
        return ItemParameters.of(GradedItems(("i0",), a, np.array([params["b"]])))
    b, c, top = (np.array([params.get(*word)]) for word in (("b", 0.0), ("c", 0.0), ("d", 1.0)))
    return ItemParameters.of(LogisticItems(("i0",), a, b, c, top))


def _padded(rows: Sequence[Sequence[Any]], pad: float) -> Floats:
    width = max(map(len, rows))
    return np.array(
        [[pad if v is None else v for v in row] + [pad] * (width - len(row)) for row in rows], dtype=float
    )
