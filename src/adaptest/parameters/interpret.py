"""From text cells to a parameter table: scaling, standard errors, counts, and notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats
from adaptest.parameters.cells import NUMBER, Cells, counted
from adaptest.parameters.columns import (
    BASES,
    BY_CATEGORY,
    DEFAULTS,
    PARAMETERS,
    STATUSES,
    WITH_PARAMETERS,
    build,
)
from adaptest.parameters.rating_scale import absolute
from adaptest.parameters.row_models import models_of
from adaptest.parameters.rules import require_parameters, require_rules
from adaptest.parameters.sheet import Sheet
from adaptest.parameters.table import ParameterTable
from adaptest.parameters.values import Values


def interpret(sheet: Sheet, scaling_constant: float | None) -> ParameterTable:
    """Return the table that a sheet holds.

    Parameters
    ----------
    scaling_constant : the D of discriminations, where the sheet has no such column

    Raises
    ------
    ParameterFileError, with place, item, rule and value.
    """
    cells = Cells.of(sheet)
    notes = [f"{counted(sheet.empty, 'empty row')} skipped"] if sheet.empty else []
    if not len(cells):
        notes.append("the table has no rows")
    values = Values.read(cells)
    filled = values.filled
    status = _vocabulary(cells, "status", STATUSES)
    models, inferred = models_of(cells, values)
    notes += inferred
    explained = np.array([word not in WITH_PARAMETERS for word in status], dtype=np.bool_)
    rule = f"have parameters where status is {', '.join(WITH_PARAMETERS)}"
    cells.require_given(filled | explained, "an item", rule)
    d = _scaling_constant(cells, scaling_constant, models, filled, notes)
    require_parameters(cells, models, values)
    require_rules(cells, models, values)
    rows = np.flatnonzero(filled)
    columns = {name: column[rows] for name, column in _absolute_steps(cells, models, values).items()}
    a = columns["discrimination"]
    columns["discrimination"] = np.where(np.isnan(a), DEFAULTS["discrimination"], a) * d[rows]
    items = build([cells.ids[row] for row in rows], [models[row] for row in rows], columns)
    _note_the_rest(cells, models, values, notes)
    se = _standard_errors(cells, d)
    n = cells.numbers("n")
    cells.require(np.isnan(n) | (n >= 0), "n", "be 0 or more", n)
    return ParameterTable(
        ids=cells.ids,
        items=items,
        models=tuple(models),
        se=se,
        n=n,
        n_per_category=_counts(cells, dict(zip(items.ids, items.categories.tolist(), strict=True))),
        basis=_vocabulary(cells, "basis", BASES),
        status=status,
        flags=tuple(tuple(words.split()) for words in cells.words("flags")),
        scale_id=cells.words("scale_id"),
        scaling_constant=d,
        extra={name: sheet.column(k) for name, k in cells.extra.items()},
        notes=tuple(notes),
    )


def _vocabulary(cells: Cells, name: str, known: Sequence[str]) -> tuple[str, ...]:
    words = cells.words(name)
    good = np.array([not word or word in known for word in words], dtype=np.bool_)
    cells.require(good, name, f"be one of {', '.join(known)}, or empty", words)
    return words


def _scaling_constant(
    cells: Cells, argument: float | None, models: Sequence[str], filled: Bools, notes: list[str]
) -> Floats:
    """Return (L,) the D that each row's discrimination is multiplied by."""
    if argument is not None and not (np.isfinite(argument) and argument > 0):
        raise OptionError(f"scaling_constant must be finite and greater than 0; got {argument}")
    stated = cells.numbers("scaling_constant")
    cells.require(np.isnan(stated) | (stated > 0), "scaling_constant", "be greater than 0", stated)
    if argument is not None:
        same = np.isnan(stated) | (stated == argument)
        cells.require(same, "scaling_constant", f"be the one that is asked for, {argument}", stated)
    d = np.where(np.isnan(stated), 1.0 if argument is None else argument, stated)
    slopes = np.array([model == "nrm" for model in models], dtype=np.bool_) & filled
    cells.require(~slopes | (d == 1), "scaling_constant", "be 1 for nrm, whose slopes have one metric", d)
    for value in np.unique(d[filled]).tolist():
        if value != 1:
            count = int((d[filled] == value).sum())
            notes.append(f"discrimination of {counted(count)} multiplied by the scaling constant {value}")
    return d


def _absolute_steps(cells: Cells, models: Sequence[str], values: Values) -> dict[str, Floats]:
    """Return the parameters' numbers, with the difficulty of rsm rows added to their steps."""
    steps = values.of["step"].copy()
    difficulty = cells.words("difficulty")
    about = [cells.words(f"step_{k + 1}") for k in range(steps.shape[1])]
    for row in np.flatnonzero(values.filled & np.array([model == "rsm" for model in models], dtype=np.bool_)):
        own = np.flatnonzero(values.given["step"][row])
        steps[row, own] = absolute(difficulty[row], [about[k][row] for k in own])
    return {**values.of, "step": steps}


def _standard_errors(cells: Cells, d: Floats) -> dict[str, Floats]:
    """Return what the file has, by parameter; a discrimination's is multiplied as the discrimination is."""
    se = {}
    for name in PARAMETERS:
        column = f"se_{name}"
        values = cells.by_category(column) if name in BY_CATEGORY else cells.numbers(column)
        if np.isnan(values).all():
            continue
        worst = np.fmin.reduce(values, axis=1) if values.ndim > 1 else values
        cells.require(~(worst < 0), column, "be 0 or more", worst)
        se[name] = values * d if name == "discrimination" else values
    return se


def _counts(cells: Cells, categories: dict[str, int]) -> tuple[tuple[float, ...], ...]:
    """Return the numbers of n_per_category, as many as the item has categories."""
    texts = cells.words("n_per_category")
    counts = [text.split() for text in texts]
    good = [all(NUMBER.fullmatch(word) and word[0] != "-" for word in words) for words in counts]
    cells.require(np.array(good, dtype=np.bool_), "n_per_category", "be numbers separated by spaces", texts)
    for item, words in zip(cells.ids, counts, strict=True):
        own = categories.get(item, len(words))
        if words and len(words) != own:
            this = np.array([other != item for other in cells.ids], dtype=np.bool_)
            cells.require(this, "n_per_category", f"have a number for each of {own} categories", texts)
    return tuple(tuple(map(float, words)) for words in counts)


def _note_the_rest(cells: Cells, models: Sequence[str], values: Values, notes: list[str]) -> None:
    """Say which rows have no parameters, which labels do not fit their values, which columns are not used."""
    if without := [cells.ids[row] for row in np.flatnonzero(~values.filled)]:
        notes.append(f"{counted(len(without))} without parameters left out: {_listed(without)}")
    a = values.of["discrimination"]
    odd = [
        row for row, model in enumerate(models) if model == "rasch" and not np.isnan(a[row]) and a[row] != 1
    ]
    if odd:
        notes.append(f"{counted(len(odd))} of model rasch with a discrimination other than 1, used as it is")
    if cells.extra:
        notes.append(f"columns kept but not used: {', '.join(cells.extra)}")


def _listed(ids: Sequence[str], shown: int = 5) -> str:
    """Return the first few ids, and how many more there are."""
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more
