"""Which model each row of a parameter sheet is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from adaptest.errors import ParameterFileError
from adaptest.models import FAMILIES
from adaptest.parameters.cells import Cells, counted
from adaptest.parameters.columns import ALIASES, BY_CATEGORY, DEFAULTS, NEEDED, PARAMETERS
from adaptest.parameters.values import Values


def models_of(cells: Cells, values: Values) -> tuple[list[str], list[str]]:
    """Return each row's model, inferred from its parameters where it names none, and notes that say so.

    Raises
    ------
    ParameterFileError, where a model is unknown or needs a column that is not there.
    """
    models = [word.lower() for word in cells.words("model")]
    good = np.array([not model or model in FAMILIES for model in models], dtype=np.bool_)
    cells.require(good, "model", f"be one of {', '.join(FAMILIES)}", cells.words("model"))
    there = [name for name in PARAMETERS if (f"{name}_1" if name in BY_CATEGORY else name) in cells.index]
    if len(cells) and not there:
        model = next((model for model in models if model), "rasch")
        _missing_columns(cells, model, NEEDED[model])
    logistic = _logistic_model(cells, values)
    inferred: Counter[str] = Counter()
    for row, model in enumerate(models):
        if not model and values.filled[row]:
            models[row] = _model_of_row({name for name, mask in values.has.items() if mask[row]}, logistic)
            inferred[models[row]] += 1
    _require_columns(cells, models)
    notes = [
        f"{counted(count)} without a model read as {model}, by its parameters"
        for model, count in inferred.items()
    ]
    return models, notes


def _model_of_row(filled: set[str], logistic: str) -> str:
    """Return the model that has such parameters; the table's logistic one where there are no categories."""
    if filled & {"category_slope", "category_intercept"}:
        return "nrm"
    if "threshold" in filled:
        return "grm"
    if "step" in filled:
        return "rsm" if "difficulty" in filled else "gpcm" if "discrimination" in filled else "pcm"
    return logistic


def _logistic_model(cells: Cells, values: Values) -> str:
    """Return the smallest logistic model that holds the table's asymptotes and discriminations."""
    for name, model in (("upper_asymptote", "4pl"), ("guessing", "3pl")):
        if (values.has[name] & (values.of[name] != DEFAULTS[name])).any():
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
