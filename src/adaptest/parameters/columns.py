"""The columns of a parameter table: their names, what each model needs, and the way to families and back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

import numpy as np

from adaptest.models import (
    FAMILIES,
    Family,
    GradedItems,
    LogisticItems,
    NominalItems,
    PartialCreditItems,
    SequentialItems,
)
from adaptest.models.base import Floats, Rows
from adaptest.parameters.items import ItemParameters

# In the order of the file. One column each, or one for each category: threshold_1, threshold_2, ...
PARAMETERS = (
    "discrimination",
    "difficulty",
    "threshold",
    "step",
    "category_slope",
    "category_intercept",
    "guessing",
    "upper_asymptote",
)
BY_CATEGORY = ("threshold", "step", "category_slope", "category_intercept")

ALIASES = {  # other programs' headers that can mean nothing else; the full name wins where both stand
    "id": "item_id",
    "item": "item_id",
    "a": "discrimination",
    "b": "difficulty",
    "c": "guessing",
    "d": "upper_asymptote",
    "g": "guessing",
    "u": "upper_asymptote",
}

NEEDED = {
    "rasch": ("difficulty",),
    "1pl": ("discrimination", "difficulty"),
    "2pl": ("discrimination", "difficulty"),
    "3pl": ("discrimination", "difficulty", "guessing"),
    "4pl": ("discrimination", "difficulty", "guessing", "upper_asymptote"),
    "grm": ("discrimination", "threshold"),
    "pcm": ("step",),
    "gpcm": ("discrimination", "step"),
    "rsm": ("difficulty", "step"),
    "nrm": ("category_slope", "category_intercept"),
    "sequential": ("discrimination", "step"),
}
DEFAULTS = {"discrimination": 1.0, "guessing": 0.0, "upper_asymptote": 1.0}  # where a model does not need it

WORDS = ("item_id", "model", "n_per_category", "basis", "status", "flags", "scale_id")
NUMBERS = ("scaling_constant", "n")
NUMBERED = re.compile(rf"((?:se_)?(?:{'|'.join(BY_CATEGORY)}))_(\d+)", re.ASCII)
LETTERS = re.compile(r"[\W\d_]+")
NEAR = 0.9  # of difflib's ratio: a letter too few or two swapped in eight

BASES = ("judged", "calibrated", "anchored")
STATUSES = (
    "estimated",
    "anchored",
    "at_prior",
    "at_bound",
    "extreme",
    "no_responses",
    "inestimable",
    "held",
)
WITH_PARAMETERS = ("estimated", "anchored", "at_prior", "at_bound")

Columns = Mapping[str, Floats]  # a parameter's name -> (J,) or, by category, (J, m); nan where there is none


def column_name(header: str) -> str | None:
    """Return the name of the table's column that a header means, None where it means none of them."""
    name = header.strip().lower()
    if match := NUMBERED.fullmatch(name):
        return f"{match[1]}_{int(match[2])}"
    scalars = [name for name in PARAMETERS if name not in BY_CATEGORY]
    known = (*WORDS, *NUMBERS, *scalars, *(f"se_{scalar}" for scalar in scalars))
    return name if name in known else ALIASES.get(name)


def misspelt(header: str) -> str | None:
    """Return the parameter's name that an unknown header comes too near to, None where it is its own word.

    A column `guesing` or `threshold1` that were only kept unused would turn a 3PL bank into a 2PL one.
    """
    if column_name(header) is not None:
        return None
    letters = LETTERS.sub("", header.strip().lower())
    names = {LETTERS.sub("", name): name for stem in PARAMETERS for name in (stem, f"se_{stem}")}
    near = get_close_matches(letters, names, n=1, cutoff=NEAR)
    return names[near[0]] if near else None


def build(ids: Sequence[str], models: Sequence[str], columns: Columns) -> ItemParameters:
    """Return the items that these columns describe, in their order.

    Parameters
    ----------
    models : (J,) keys of FAMILIES
    columns : steps are absolute here, also those of rsm

    Raises
    ------
    ItemParameterError, naming the first item that breaks its family's rules.
    """
    blocks = []
    for family, make in _MAKERS.items():
        rows = np.array([k for k, model in enumerate(models) if FAMILIES[model] is family], dtype=np.intp)
        if rows.size:
            some = {name: values[rows] for name, values in columns.items()}
            blocks.append(make(tuple(ids[k] for k in rows), tuple(models[k] for k in rows), some))
    return ItemParameters(tuple(ids), tuple(blocks))


def columns_of(items: ItemParameters) -> dict[str, Floats]:
    """Return the columns that describe these items: `build` of them gives equal items."""
    parts = [_COLUMNS[type(block)](block) for block in items.blocks]
    result = {}
    for name in PARAMETERS:
        here = [part.get(name) for part in parts]
        shape: tuple[int, ...] = (len(items),)
        if name in BY_CATEGORY:
            shape = (len(items), max((part.shape[1] for part in here if part is not None), default=0))
        column = np.full(shape, np.nan)
        for block, part in zip(items.blocks, here, strict=True):
            if part is not None:
                rows = np.array([items.row[item] for item in block.ids], dtype=np.intp)
                if name in BY_CATEGORY:
                    column[rows, : part.shape[1]] = part
                else:
                    column[rows] = part
        result[name] = column
    return result


def _or_default(columns: Columns, name: str, count: int) -> Floats:
    values = columns.get(name, np.full(count, np.nan))
    return np.where(np.isnan(values), DEFAULTS[name], values)


def _narrow(values: Floats, pad: float) -> Floats:
    """Return (J, m) values no wider than the widest item, `pad` where an item has none."""
    given = ~np.isnan(values)
    widest = int(given.sum(axis=1).max(initial=0))
    return np.where(given, values, pad)[:, :widest]


def _logistic(ids: tuple[str, ...], models: tuple[str, ...], columns: Columns) -> Family:
    a, c, d = (_or_default(columns, name, len(ids)) for name in DEFAULTS)
    return LogisticItems(ids, a, columns["difficulty"], c, d, models)


def _by_steps(name: str, family: Callable[..., Family]) -> Callable[..., Family]:
    def make(ids: tuple[str, ...], models: tuple[str, ...], columns: Columns) -> Family:
        a = _or_default(columns, "discrimination", len(ids))
        return family(ids, a, _narrow(columns[name], np.inf), models)

    return make


def _nominal(ids: tuple[str, ...], models: tuple[str, ...], columns: Columns) -> Family:
    first = np.zeros((len(ids), 1))
    slope, intercept = (
        np.hstack([first, _narrow(columns[name], np.nan)])
        for name in ("category_slope", "category_intercept")
    )
    return NominalItems(ids, slope, intercept, models)


_MAKERS: dict[type, Callable[[tuple[str, ...], tuple[str, ...], Columns], Family]] = {
    LogisticItems: _logistic,
    GradedItems: _by_steps("threshold", GradedItems),
    PartialCreditItems: _by_steps("step", PartialCreditItems),
    SequentialItems: _by_steps("step", SequentialItems),
    NominalItems: _nominal,
}


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


_COLUMNS: dict[type, Callable[..., dict[str, Floats]]] = {
    LogisticItems: lambda block: {
        "discrimination": block.a,
        "difficulty": block.b,
        "guessing": block.c,
        "upper_asymptote": block.d,
    },
    GradedItems: lambda block: {"discrimination": block.a, "threshold": _finite(block.b)},
    PartialCreditItems: lambda block: {"discrimination": block.a, "step": _finite(block.b)},
    SequentialItems: lambda block: {"discrimination": block.a, "step": _finite(block.b)},
    NominalItems: lambda block: {
        "category_slope": block.slope[:, 1:],
        "category_intercept": block.intercept[:, 1:],
    },
}


def rows_of(ids: Sequence[str], wanted: Sequence[str]) -> Rows:
    """Return where each of `wanted` stands among `ids`."""
    place = {item: row for row, item in enumerate(ids)}
    return np.array([place[item] for item in wanted], dtype=np.intp)
