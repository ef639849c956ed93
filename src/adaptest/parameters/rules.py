"""The rules of a parameter sheet's rows: what each model needs, and what each value must be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adaptest.parameters.cells import Cells
from adaptest.parameters.columns import BY_CATEGORY, DEFAULTS, NEEDED, PARAMETERS
from adaptest.parameters.values import Values

FREE_DISCRIMINATION = ("rasch", "pcm", "rsm")  # may state one, and have 1 where they do not


def require_parameters(cells: Cells, models: Sequence[str], values: Values) -> None:
    """Raise where a filled row lacks a parameter of its model, or has one that its model does not know."""
    kinds = np.array(models, dtype=object)
    for model in dict.fromkeys(models):
        rows = values.filled & (kinds == model)
        for name in PARAMETERS if model else ():
            if name in NEEDED[model]:
                column = f"{name}_1" if name in BY_CATEGORY else name
                cells.require_given(~rows | values.has[name], column, f"be given for a {model} item")
            elif name in ("guessing", "upper_asymptote"):
                usual = DEFAULTS[name]
                neutral = ~values.has[name] | (values.of[name] == usual)
                cells.require(
                    ~rows | neutral, name, f"be {usual:g} or empty for a {model} item", values.of[name]
                )
            elif not (name == "discrimination" and model in FREE_DISCRIMINATION):
                first = (
                    values.of[name][:, 0] if name in BY_CATEGORY and values.of[name].size else values.of[name]
                )
                remedy = ""
                if name == "difficulty" and "step" in NEEDED[model]:
                    remedy = "add it to each step, since steps are absolute here"
                cells.require(
                    ~rows | ~values.has[name], name, f"be empty for a {model} item", first, remedy=remedy
                )


def require_rules(cells: Cells, models: Sequence[str], values: Values) -> None:
    """Raise where a value breaks its rule: asymptotes, gaps between categories, order of thresholds."""
    given, empty = values.given, ~values.filled
    a, c, d = (np.where(given[name], values.of[name], usual) for name, usual in DEFAULTS.items())
    cells.require(empty | (a != 0), "discrimination", "not be 0", a)
    cells.require(empty | ((c >= 0) & (c < 1)), "guessing", "be in [0, 1)", c)
    cells.require(empty | ((d > c) & (d <= 1)), "upper_asymptote", "be in (guessing, 1]", d)
    for name in BY_CATEGORY:
        mask = given[name]
        for k in range(1, mask.shape[1]):
            gap = mask[:, k] & ~mask[:, k - 1]
            cells.require_given(~gap, f"{name}_{k}", f"be given where {name}_{k + 1} is")
    b = values.of["threshold"]
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
    flat = np.array([model == "nrm" for model in models], dtype=np.bool_) & values.filled
    flat &= ~np.nan_to_num(values.of["category_slope"]).any(axis=1)
    got = ["only 0"] * len(cells)
    cells.require(~flat, "category_slope", "not be 0 for every category", got, quoted=False)
