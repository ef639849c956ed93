"""R mirt's tables as CSV: coef(simplify = TRUE)$items, and mod2values, which mirt takes as `pars`.

Slope and intercept: logit P = a1 theta + d for two categories, a1 theta + d_k for graded ones (Chalmers,
2012); partial credit and nominal: exponent ak_k a1 theta + d_k. With IRTpars = TRUE: a and b, or b1, b2 and
so on; g and u are the asymptotes, as probabilities.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from adaptest.bank.formats.parameters_rows import Row, Rows, logistic, number, require_slope
from adaptest.errors import ParameterFileError
from adaptest.parameters.columns import columns_of
from adaptest.parameters.table import ParameterTable

EMPTY = ("", "NA")
MOST = 100  # categories
HEADER = ("group", "item", "class", "name", "parnum", "value", "lbound", "ubound", "est")
CLASSES = ("dich", "graded", "gpcm", "nominal", "rsm", "grsm")


def read_mirt_coef(text: str, where: str, d: float) -> Rows:
    """Return the items of coef(model, simplify = TRUE)$items, written by write.csv; a1 is multiplied by D.

    Raises
    ------
    ParameterFileError, with file and line, where a column or a cell is not as it must be.
    """
    lines = _lines(text, where)
    header = [cell.strip() for cell in lines[0][1]]
    if not header or header[0].lower() not in ("", "item", "item_id", "rownames"):
        raise ParameterFileError(f"{where}:1: must begin with a column of item names, as write.csv makes one")
    rows: list[Row] = []
    for line, cells in lines[1:]:
        place = f"{where}:{line}"
        if len(cells) != len(header):
            raise ParameterFileError(f"{place}: must have {len(header)} cells; got {len(cells)}")
        item = cells[0].strip()
        given = {
            name: number(cell, f"{place}: item {item!r}", name)
            for name, cell in zip(header[1:], cells[1:], strict=True)
            if cell.strip() not in EMPTY
        }
        rows.append(_row(item, given, place, d))
    return Rows(rows)


def read_mirt_values(text: str, where: str, d: float) -> Rows:
    """Return the items of mod2values(model), written by write.csv; a1 is multiplied by D.

    Raises
    ------
    ParameterFileError, with file and line, where a column is missing, a value is no number, or groups differ.
    """
    lines = _lines(text, where)
    header = [cell.strip() for cell in lines[0][1]]
    needed = ("group", "item", "class", "name", "value")
    if any(name not in header for name in needed):
        raise ParameterFileError(
            f"{where}:1: must have the columns {', '.join(needed)}; got {', '.join(header)[:120]}"
        )
    items: dict[str, dict[str, float]] = {}
    places: dict[str, str] = {}
    first: dict[str, str] = {}
    notes: list[str] = []
    for line, cells in lines[1:]:
        place = f"{where}:{line}"
        if len(cells) != len(header):
            raise ParameterFileError(f"{place}: must have {len(header)} cells; got {len(cells)}")
        cell = dict(zip(header, (one.strip() for one in cells), strict=True))
        item, name = cell["item"], cell["name"]
        if cell["class"] == "GroupPars" or item.upper() == "GROUP":
            notes.append(f"group parameter, not used: {cell['group']} {name} {cell['value']}")
            continue
        if cell["class"] not in CLASSES:
            known = ", ".join(CLASSES)
            raise ParameterFileError(
                f"{place}: item {item!r}: class must be one of {known}; got {cell['class'][:40]!r}"
            )
        value = number(cell["value"], f"{place}: item {item!r}", name)
        given = items.setdefault(item, {"class": float(CLASSES.index(cell["class"]))})
        if first.setdefault(item, cell["group"]) != cell["group"]:
            if given.get(name) != value:
                raise ParameterFileError(
                    f"{place}: item {item!r}: {name} must be the same in every group; cut to one"
                )
            continue
        if name in given:
            raise ParameterFileError(f"{place}: item {item!r}: {name} must stand once")
        given[name] = value
        places.setdefault(item, place)
    return Rows([_row(item, given, places[item], d) for item, given in items.items()], notes)


def _lines(text: str, where: str) -> list[tuple[int, list[str]]]:
    """Return the lines of a CSV file with their numbers, empty ones left out."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        lines += [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as problem:
        raise ParameterFileError(f"{where}:{reader.line_num}: must be CSV; {problem}") from None
    if not lines:
        raise ParameterFileError(f"{where}: must begin with a line of column names; got an empty file")
    return lines


def _row(item: str, given: Mapping[str, float], place: str, d: float) -> Row:
    """Return one item from its named numbers: slope-intercept or difficulty form."""
    where = f"{place}: item {item!r}"
    if any(f"a{k}" in given and given[f"a{k}"] != 0 for k in range(2, 10)):
        raise ParameterFileError(f"{where}: must have one dimension; got a2")
    slope = given.get("a1", given.get("a"))
    if slope is None:
        raise ParameterFileError(
            f"{where}: must have a1 (or a with IRTpars = TRUE); got {', '.join(given)[:80]}"
        )
    a = require_slope(slope, item, place)
    kind = int(given["class"]) if "class" in given else -1
    if "b" in given or ("d" in given and kind in (-1, 0)):
        b = given["b"] if "b" in given else -given["d"] / a
        model, values = logistic(a * d, b, given.get("g", 0.0), given.get("u", 1.0))
        return Row(item, model, values)
    if "b1" in given:
        raise ParameterFileError(
            f"{where}: b1, b2, ... may be graded or partial credit; use coef without IRTpars, or mod2values"
        )
    intercepts = _numbered(given, "d")
    if not intercepts or "c" in given:
        raise ParameterFileError(
            f"{where}: must have d or d1, d2, ... of a binary, graded, gpcm or nominal item"
        )
    scores = _numbered(given, "ak")
    if not scores:
        return Row(item, "grm", {"discrimination": a * d, "threshold": [-one / a for one in intercepts]})
    if len(scores) != len(intercepts) or "d0" not in given:
        raise ParameterFileError(
            f"{where}: must have as many d0, d1, ... as ak0, ak1, ...; got {len(intercepts)}"
        )
    if list(scores) == list(range(len(scores))):
        steps = [-(high - low) / a for low, high in pairwise(intercepts)]
        return Row(item, "gpcm", {"discrimination": a * d, "step": steps})
    slopes = [a * d * (score - scores[0]) for score in scores[1:]]
    heights = [d * (one - intercepts[0]) for one in intercepts[1:]]
    return Row(item, "nrm", {"category_slope": slopes, "category_intercept": heights})


def _numbered(given: Mapping[str, float], stem: str) -> list[float]:
    """Return the numbers of stem0 or stem1 on, without a gap."""
    first = 0 if f"{stem}0" in given else 1
    values: list[float] = []
    for k in range(first, MOST):
        if f"{stem}{k}" not in given:
            break
        values.append(given[f"{stem}{k}"])
    return values


def write_mirt_values(table: ParameterTable, d: float) -> tuple[str, list[str]]:
    """Return a mod2values table of one group, every item parameter fixed, and what has no place in it."""
    columns = columns_of(table.items)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    left: list[str] = []
    number_ = 0
    for row, (item, model) in enumerate(zip(table.items.ids, table.items.models, strict=True)):
        here = {name: column[row] for name, column in columns.items()}
        named = _values(model, here, d)
        if named is None:
            left.append(f"item {item!r}: {model} is not written for mirt")
            continue
        class_, values = named
        for name, value in values:
            number_ += 1
            low, high = ("0", "1") if name in ("g", "u") else ("-Inf", "Inf")
            writer.writerow(["all", item, class_, name, number_, repr(value), low, high, "FALSE"])
    for name, value in (("MEAN_1", 0.0), ("COV_11", 1.0)):
        number_ += 1
        writer.writerow(["all", "GROUP", "GroupPars", name, number_, repr(value), "-Inf", "Inf", "FALSE"])
    return out.getvalue(), left


def _values(model: str, here: Mapping[str, object], d: float) -> tuple[str, list[tuple[str, float]]] | None:
    """Return mirt's class and named values of one item; None where it has none."""
    a = float(np.asarray(here["discrimination"])) / d
    if model in ("rasch", "1pl", "2pl", "3pl", "4pl"):
        b, g, u = (float(np.asarray(here[name])) for name in ("difficulty", "guessing", "upper_asymptote"))
        return "dich", [("a1", a), ("d", -a * b), ("g", g), ("u", u)]
    if model == "grm":
        steps = _finite(here["threshold"])
        return "graded", [("a1", a), *((f"d{k}", -a * step) for k, step in enumerate(steps, start=1))]
    if model in ("pcm", "gpcm", "rsm"):
        steps = _finite(here["step"])
        heights = [0.0, *(-a * sum(steps[: k + 1]) for k in range(len(steps)))]
        scores = [(f"ak{k}", float(k)) for k in range(len(heights))]
        return "gpcm", [("a1", a), *scores, *((f"d{k}", height) for k, height in enumerate(heights))]
    if model == "nrm":
        slopes, heights = ([0.0, *_finite(here[name])] for name in ("category_slope", "category_intercept"))
        scores = [(f"ak{k}", slope / d) for k, slope in enumerate(slopes)]
        return "nominal", [("a1", 1.0), *scores, *((f"d{k}", height / d) for k, height in enumerate(heights))]
    return None


def _finite(values: object) -> Sequence[float]:
    return [float(value) for value in np.asarray(values, dtype=np.float64) if math.isfinite(value)]
