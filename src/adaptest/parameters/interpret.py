"""From text cells to a parameter table: each row's model, what it needs, every rule with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from adaptest.errors import OptionError, ParameterFileError
from adaptest.models import FAMILIES
from adaptest.models.base import Bools, Floats
from adaptest.parameters.cells import NUMBER, Cells
from adaptest.parameters.columns import (
    ALIASES,
    BASES,
    BY_CATEGORY,
    DEFAULTS,
    NEEDED,
    PARAMETERS,
    STATUSES,
    WITH_PARAMETERS,
    build,
)
from adaptest.parameters.rating_scale import absolute
from adaptest.parameters.sheet import Sheet
from adaptest.parameters.table import ParameterTable

FREE_DISCRIMINATION = ("rasch", "pcm", "rsm")  # may state one, and have 1 where they do not


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
    notes = [f"{sheet.empty} empty rows skipped"] if sheet.empty else []
    if not len(cells):
        notes.append("the table has no rows")
    values: dict[str, Floats] = {
        name: cells.by_category(name) if name in BY_CATEGORY else cells.numbers(name) for name in PARAMETERS
    }
    given: dict[str, Bools] = {name: np.asarray(~np.isnan(column)) for name, column in values.items()}
    has: dict[str, Bools] = {
        name: np.asarray(mask.any(axis=1)) if name in BY_CATEGORY else mask for name, mask in given.items()
    }
    filled: Bools = np.any(list(has.values()), axis=0)
    status = _vocabulary(cells, "status", STATUSES)
    models = _models(cells, has, values, filled, notes)
    _require_columns(cells, models)
    explained = np.array([word not in WITH_PARAMETERS for word in status], dtype=np.bool_)
    rule = f"have parameters where status is {', '.join(WITH_PARAMETERS)}"
    cells.require_given(filled | explained, "an item", rule)
    d = _scaling_constant(cells, scaling_constant, models, filled, notes)
    _require_what_the_model_needs(cells, models, has, values, filled)
    _add_difficulty_of_rating_scales(cells, models, values, given, filled)
    _require_rules(cells, models, values, given, filled)
    rows = np.flatnonzero(filled)
    columns = {name: column[rows] for name, column in values.items()}
    a = columns["discrimination"]
    columns["discrimination"] = np.where(np.isnan(a), DEFAULTS["discrimination"], a) * d[rows]
    items = build([cells.ids[row] for row in rows], [models[row] for row in rows], columns)
    _note_the_rest(cells, models, values, filled, notes)
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


def _models(
    cells: Cells, has: dict[str, Bools], values: dict[str, Floats], filled: Bools, notes: list[str]
) -> list[str]:
    """Return each row's model, by the columns that are filled where the row does not name one."""
    models = [word.lower() for word in cells.words("model")]
    good = np.array([not model or model in FAMILIES for model in models], dtype=np.bool_)
    cells.require(good, "model", f"be one of {', '.join(FAMILIES)}", cells.words("model"))
    if not any(
        f"{name}_1" in cells.index if name in BY_CATEGORY else name in cells.index for name in PARAMETERS
    ):
        if len(cells):
            model = next((model for model in models if model), "rasch")
            _missing_columns(cells, model, NEEDED[model])
        return models
    logistic = _logistic_model(cells, has, values)
    inferred: Counter[str] = Counter()
    for row, model in enumerate(models):
        if not model and filled[row]:
            models[row] = _model_of_row({name for name, mask in has.items() if mask[row]}, logistic)
            inferred[models[row]] += 1
    for model, count in inferred.items():
        notes.append(f"{_items(count)} without a model read as {model}, by its parameters")
    return models


def _model_of_row(filled: set[str], logistic: str) -> str:
    """Return the model that has such parameters; the table's logistic one where there are no categories."""
    if filled & {"category_slope", "category_intercept"}:
        return "nrm"
    if "threshold" in filled:
        return "grm"
    if "step" in filled:
        return "rsm" if "difficulty" in filled else "gpcm" if "discrimination" in filled else "pcm"
    return logistic


def _logistic_model(cells: Cells, has: dict[str, Bools], values: dict[str, Floats]) -> str:
    """Return the smallest logistic model that holds the table's asymptotes and discriminations."""
    for name, model in (("upper_asymptote", "4pl"), ("guessing", "3pl")):
        if (has[name] & (values[name] != DEFAULTS[name])).any():
            return model
    return "2pl" if "discrimination" in cells.index else "rasch"


def _require_columns(cells: Cells, models: Sequence[str]) -> None:
    for model in dict.fromkeys(model for model in models if model):
        needed = [f"{name}_1" if name in BY_CATEGORY else name for name in NEEDED[model]]
        if missing := [name for name in needed if name not in cells.index]:
            _missing_columns(cells, model, missing)


def _missing_columns(cells: Cells, model: str, missing: Sequence[str]) -> None:
    name = missing[0]
    short = [alias for alias, full in ALIASES.items() if full == name]
    alias = f" (or {short[0]})" if short else ""
    got = ", ".join(cells.sheet.header)
    raise ParameterFileError(f"{cells.sheet.path}: {model} items need the column {name}{alias}; got {got}")


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
            notes.append(f"discrimination of {_items(count)} multiplied by the scaling constant {value}")
    return d


def _require_what_the_model_needs(
    cells: Cells, models: Sequence[str], has: dict[str, Bools], values: dict[str, Floats], filled: Bools
) -> None:
    """Raise where a filled row lacks a parameter of its model, or has one that its model does not know."""
    kinds = np.array(models, dtype=object)
    for model in dict.fromkeys(models):
        rows = filled & (kinds == model)
        for name in PARAMETERS if model else ():
            if name in NEEDED[model]:
                column = f"{name}_1" if name in BY_CATEGORY else name
                cells.require_given(~rows | has[name], column, f"be given for a {model} item")
            elif name in ("guessing", "upper_asymptote"):
                usual = DEFAULTS[name]
                neutral = ~has[name] | (values[name] == usual)
                cells.require(
                    ~rows | neutral, name, f"be {usual:g} or empty for a {model} item", values[name]
                )
            elif not (name == "discrimination" and model in FREE_DISCRIMINATION):
                first = values[name][:, 0] if name in BY_CATEGORY and values[name].size else values[name]
                remedy = ""
                if name == "difficulty" and "step" in NEEDED[model]:
                    remedy = "add it to each step, since steps are absolute here"
                cells.require(~rows | ~has[name], name, f"be empty for a {model} item", first, remedy=remedy)


def _add_difficulty_of_rating_scales(
    cells: Cells,
    models: Sequence[str],
    values: dict[str, Floats],
    given: dict[str, Bools],
    filled: Bools,
) -> None:
    """Make the steps of rsm rows absolute; the difficulty itself is then no parameter of the row."""
    rows = [row for row, model in enumerate(models) if model == "rsm" and filled[row]]
    if rows:
        difficulty = cells.words("difficulty")
        steps = [cells.words(f"step_{k + 1}") for k in range(values["step"].shape[1])]
        for row in rows:
            own = np.flatnonzero(given["step"][row])
            values["step"][row, own] = absolute(difficulty[row], [steps[k][row] for k in own])
            values["difficulty"][row] = np.nan


def _require_rules(
    cells: Cells, models: Sequence[str], values: dict[str, Floats], given: dict[str, Bools], filled: Bools
) -> None:
    """Raise where a value breaks its rule: asymptotes, gaps between categories, order of thresholds."""
    a, c, d = (np.where(given[name], values[name], usual) for name, usual in DEFAULTS.items())
    cells.require(~filled | (a != 0), "discrimination", "not be 0", a)
    cells.require(~filled | ((c >= 0) & (c < 1)), "guessing", "be in [0, 1)", c)
    cells.require(~filled | ((d > c) & (d <= 1)), "upper_asymptote", "be in (guessing, 1]", d)
    for name in BY_CATEGORY:
        mask = given[name]
        for k in range(1, mask.shape[1]):
            gap = mask[:, k] & ~mask[:, k - 1]
            cells.require_given(~gap, f"{name}_{k}", f"be given where {name}_{k + 1} is")
    b = values["threshold"]
    for k in range(1, b.shape[1]):
        ordered = ~given["threshold"][:, k] | ((b[:, k] - b[:, k - 1]) * np.sign(a) > 0)
        got = [f"{here} after {before}" for before, here in b[:, k - 1 : k + 1].tolist()]
        up = ordered | (a < 0)
        rule = f"be greater than threshold_{k}"
        cells.require(up, f"threshold_{k + 1}", rule, got, quoted=False)
        rule = f"be less than threshold_{k}, since discrimination is negative"
        cells.require(ordered, f"threshold_{k + 1}", rule, got, quoted=False)
    slopes, intercepts = (given[name].sum(axis=1) for name in ("category_slope", "category_intercept"))
    rule = "have as many values as category_slope"
    got = [f"{right} for {left}" for left, right in zip(slopes, intercepts, strict=True)]
    cells.require(slopes == intercepts, "category_intercept", rule, got, quoted=False)
    flat = np.array([model == "nrm" for model in models], dtype=np.bool_) & filled
    flat &= ~np.nan_to_num(values["category_slope"]).any(axis=1)
    got = ["only 0"] * len(cells)
    cells.require(~flat, "category_slope", "not be 0 for every category", got, quoted=False)


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


def _note_the_rest(
    cells: Cells, models: Sequence[str], values: dict[str, Floats], filled: Bools, notes: list[str]
) -> None:
    """Say which rows have no parameters, which labels do not fit their values, which columns are not used."""
    if without := [cells.ids[row] for row in np.flatnonzero(~filled)]:
        notes.append(f"{_items(len(without))} without parameters left out: {_listed(without)}")
    a = values["discrimination"]
    odd = [
        row for row, model in enumerate(models) if model == "rasch" and not np.isnan(a[row]) and a[row] != 1
    ]
    if odd:
        notes.append(f"{_items(len(odd))} of model rasch with a discrimination other than 1, used as it is")
    if cells.extra:
        notes.append(f"columns kept but not used: {', '.join(cells.extra)}")


def _items(count: int) -> str:
    return f"{count} item{'' if count == 1 else 's'}"


def _listed(ids: Sequence[str], shown: int = 5) -> str:
    """Return the first few ids, and how many more there are."""
    more = f" and {len(ids) - shown} more" if len(ids) > shown else ""
    return ", ".join(ids[:shown]) + more
