"""flexMIRT's -prm.txt: tab-separated rows, an item a row, then a row for each group.

`1 name group factors model categories parameters`; model 1 (3PL): logit of guessing, intercept, slope;
model 2 (graded; 2PL with two categories): intercepts, slope; model 3 (nominal and its partial credit forms):
a contrast's number and scoring parameters, a contrast's number and intercept parameters, slope. With contrast
0 (trend) scores and intercepts are T times the parameters, T's first column 0 ... K - 1, the others
sin(pi (j - 1) k / (K - 1)) (Thissen, Cai & Bock 2010). Group rows begin with 0: quadrature, mean, variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from adaptest.bank.formats.parameters_rows import Row, Rows, logistic, number, require_slope, whole
from adaptest.errors import ParameterFileError
from adaptest.models.base import Floats
from adaptest.parameters.columns import columns_of
from adaptest.parameters.table import ParameterTable

THREE, GRADED, NOMINAL = 1, 2, 3
MOST_CATEGORIES = 100
LEAST = 6  # cells before the parameters
SAME = 1e-8  # of a scoring function to 0, 1, ..., K - 1


def read_flexmirt(text: str, where: str, d: float) -> Rows:
    """Return the items of the first group; slopes and intercepts are multiplied by D.

    Raises
    ------
    ParameterFileError, with file and line, where a row is not as it must be.
    """
    rows: list[Row] = []
    notes: list[str] = []
    groups: set[str] = set()
    for line, record in enumerate(text.split("\n"), start=1):
        cells = record.split("\t") if "\t" in record else record.split()
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        place = f"{where}:{line}"
        if cells[0] == "0":
            notes.append(f"group row, not used: {' '.join(cells)[:120]}")
            continue
        if cells[0] != "1" or len(cells) <= LEAST:
            raise ParameterFileError(
                f"{place}: must be 1, name, group, factors, model, categories, parameters"
            )
        groups.add(cells[2])
        if len(groups) > 1:
            raise ParameterFileError(f"{place}: must hold one group's items; cut the file to one group")
        if cells[3] != "1":
            raise ParameterFileError(f"{place}: item {cells[1]!r}: must have one factor; got {cells[3][:20]}")
        rows.append(_row(cells, place, d))
    return Rows(rows, notes)


def _row(cells: Sequence[str], place: str, d: float) -> Row:
    """Return one item."""
    item = cells[1]
    where = f"{place}: item {item!r}"
    model = whole(cells[4], where, "the model", NOMINAL)
    count = whole(cells[5], where, "the number of categories", MOST_CATEGORIES)
    values = [number(cell, where, "a parameter") for cell in cells[6:] if cell]
    needed = {THREE: 3, GRADED: count, NOMINAL: 2 * count + 1}.get(model, 0)
    if count < 2 or len(values) != needed:  # noqa: PLR2004 (a response has two categories at least)
        rule = f"model {model} with {count} categories must have {needed} parameters"
        raise ParameterFileError(f"{where}: {rule}; got {len(values)}")
    a = require_slope(values[-1], item, place)
    if model == THREE:
        name, parameters = logistic(a * d, -values[1] / a, 1.0 / (1.0 + math.exp(-_bounded(values[0]))))
        return Row(item, name, parameters)
    if model == GRADED and count == 2:  # noqa: PLR2004 (binary)
        name, parameters = logistic(a * d, -values[0] / a, 0.0)
        return Row(item, name, parameters)
    if model == GRADED:
        return Row(item, "grm", {"discrimination": a * d, "threshold": [-c / a for c in values[:-1]]})
    return _nominal(item, values, count, d, where)


def _bounded(logit: float) -> float:
    return max(-700.0, min(700.0, logit))  # beyond this exp overflows, and c is 0 or 1 to the last bit


def _nominal(item: str, values: Sequence[float], count: int, d: float, where: str) -> Row:
    """Return a nominal item, as partial credit where its scores are 0, 1, ..., K - 1."""
    first, second = values[0], values[count]
    if (first, second) != (0.0, 0.0):
        raise ParameterFileError(f"{where}: contrasts must be 0 (trend); got {first:g} and {second:g}")
    trend = trend_matrix(count)
    a = values[-1]
    scores = np.einsum("kj,j->k", trend, np.array(values[1:count]))
    intercepts = np.einsum("kj,j->k", trend, np.array(values[count + 1 : 2 * count])) * d
    if np.allclose(scores, np.arange(count), rtol=0, atol=SAME):
        steps = -np.diff(intercepts) / (a * d)
        return Row(item, "gpcm", {"discrimination": a * d, "step": [float(step) for step in steps]})
    slopes = a * d * scores
    return Row(
        item,
        "nrm",
        {
            "category_slope": [float(value) for value in slopes[1:] - slopes[0]],
            "category_intercept": [float(value) for value in intercepts[1:] - intercepts[0]],
        },
    )


def trend_matrix(count: int) -> Floats:
    """Return (K, K - 1) the trend contrast of K categories."""
    k = np.arange(count, dtype=np.float64)
    waves = [np.sin(np.pi * (j - 1) * k / (count - 1)) for j in range(2, count)]
    return np.stack([k, *waves], axis=1)


def write_flexmirt(table: ParameterTable, d: float) -> tuple[str, list[str]]:
    """Return -prm.txt rows of group 1, and a sentence on each item that has no place in it."""
    columns = columns_of(table.items)
    lines: list[str] = []
    left: list[str] = []
    for row, (item, model) in enumerate(zip(table.items.ids, table.items.models, strict=True)):
        here = {name: column[row] for name, column in columns.items()}
        a = float(here["discrimination"]) / d
        if model == "4pl":
            left.append(f"item {item!r}: 4pl has no row in flexMIRT")
            continue
        if any(sign in item for sign in "\t\n"):
            left.append(f"item {item!r}: an id with a tab or line break has no row in flexMIRT")
            continue
        if model in ("rasch", "1pl", "2pl", "3pl"):
            b, c = float(here["difficulty"]), float(here["guessing"])
            if c > 0:
                kind, count, values = THREE, 2, [math.log(c / (1 - c)), -a * b, a]
            else:
                kind, count, values = GRADED, 2, [-a * b, a]
        elif model == "grm":
            steps = here["threshold"][np.isfinite(here["threshold"])]
            kind, count = GRADED, len(steps) + 1
            values = [float(-a * step) for step in steps] + [a]
        elif model in ("pcm", "gpcm", "rsm"):
            steps = here["step"][np.isfinite(here["step"])]
            kind, count = NOMINAL, len(steps) + 1
            gamma = _solve(np.concatenate([[0.0], -a * np.cumsum(steps)]))
            values = [0.0, 1.0, *[0.0] * (count - 2), 0.0, *gamma, a]
        else:
            left.append(f"item {item!r}: {model} is not written for flexMIRT")
            continue
        contrast = {0, count} if kind == NOMINAL else set()
        numbers = ["0" if k in contrast else repr(value) for k, value in enumerate(values)]
        lines.append("\t".join(["1", item, "1", "1", str(kind), str(count), *numbers]))
    lines.append("0\tGroup1\t1\t1\t0\t0.0\t1.0")
    return "\n".join([*lines, ""]), left


def _solve(intercepts: Floats) -> list[float]:
    """Return the trend parameters of intercepts whose first is 0."""
    trend = trend_matrix(len(intercepts))
    return [float(value) for value in np.linalg.solve(trend[1:], intercepts[1:])]
