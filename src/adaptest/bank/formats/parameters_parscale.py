"""PARSCALE's .PAR file: headings, then blocks of items, each followed by its category parameters.

Line 3: 8 characters, then numbers of 5: blocks, items, model code (1 to 4 graded, 5 to 8 partial credit).
Line 4: the items of each block, numbers of 5. From line 6 on, for each block: a line an item (block's name 8,
categories 5, item 4, then numbers of 10: slope, se, location, se, asymptote, se), then the block's category
parameters in numbers of 10, and their standard errors. The model is a(theta - b + c_k) (Muraki & Bock, 2003,
PARSCALE 4): a step lies at location - category parameter.
"""

from __future__ import annotations

from collections.abc import Sequence

from adaptest.bank.formats.parameters_rows import Row, Rows, logistic, number, whole
from adaptest.errors import ParameterFileError

GRADED = 4  # model codes up to here are graded
FIRST = 5  # lines before the first block
SMALL, WIDE, NAME = 5, 10, 8
MOST_ITEMS, MOST_CATEGORIES = 99_999, 100


def read_parscale(text: str, where: str, d: float) -> Rows:
    """Return the items; the slope is multiplied by D.

    Raises
    ------
    ParameterFileError, with file and line, where a count or column is not as it must be.
    """
    lines = text.split("\n")
    if len(lines) <= FIRST:
        raise ParameterFileError(f"{where}: must have five lines of heading and then items; it ends before")
    counts = [lines[2][NAME + k * SMALL :][:SMALL] for k in range(3)]
    blocks = whole(counts[0], f"{where}:3", "the number of blocks", MOST_ITEMS)
    model = whole(counts[2], f"{where}:3", "the model code", 8)
    sizes = [
        whole(lines[3][k * SMALL :][:SMALL], f"{where}:4", "a block's items", MOST_ITEMS)
        for k in range(blocks)
    ]
    rows: list[Row] = []
    at = FIRST
    signs: set[str] = set()
    for size in sizes:
        if at + size + 2 > len(lines) or not size:
            raise ParameterFileError(
                f"{where}:{at + 1}: must hold a block of {size} items and its categories"
            )
        graded = model <= GRADED
        rows += (_item(lines, at + k, at + size, where, d, graded=graded, signs=signs) for k in range(size))
        at += size + 2
    read = Rows(rows)
    if signs:
        how = "; ".join(sorted(signs))
        read.notes.append(f"a step is read as location and category parameter: {how}")
    return read


def _item(
    lines: Sequence[str], at: int, categories_at: int, where: str, d: float, *, graded: bool, signs: set[str]
) -> Row:
    """Return the item on one line, with the category parameters of its block."""
    record, place = lines[at], f"{where}:{at + 1}"
    name = record[NAME + SMALL : NAME + SMALL + 4].strip()
    item = name if name and name != record[:NAME].strip() else record[:NAME].strip()
    item = f"{record[:NAME].strip()}-{name}" if name.isdecimal() and record[:NAME].strip() else item
    if not item:
        raise ParameterFileError(f"{place}: must begin with the block's name and the item's")
    place = f"{place}: item {item!r}"
    count = whole(record[NAME : NAME + SMALL], place, "the number of categories", MOST_CATEGORIES)
    start = NAME + SMALL + 4
    fields = [record[start + k * WIDE :][:WIDE] for k in range(6)]
    names = ("slope", "slope se", "location", "location se", "asymptote", "asymptote se")
    value = {
        what: number(field, place, what) if field.strip() else 0.0
        for what, field in zip(names, fields, strict=True)
    }
    se = {"discrimination": value["slope se"] * d}
    if count < 3:  # noqa: PLR2004 (two categories are a binary item)
        model, values = logistic(value["slope"] * d, value["location"], value["asymptote"])
        se |= {"difficulty": value["location se"]}
        return Row(item, model, values, {key: error for key, error in se.items() if error > 0})
    record = lines[categories_at]
    found = [
        number(record[k * WIDE :][:WIDE], f"{where}:{categories_at + 1}", "a category parameter")
        for k in range(count)
    ]
    parts = found[: count - 1] if graded else found[1:]
    sign = -1.0
    if graded and parts == sorted(parts):
        sign = 1.0  # thresholds rise; written as they are
    signs.add(f"{'graded' if graded else 'partial credit'}: location {'+' if sign > 0 else '-'} category")
    steps = [value["location"] + sign * part for part in parts]
    kind = "threshold" if graded else "step"
    return Row(
        item,
        "grm" if graded else "gpcm",
        {"discrimination": value["slope"] * d, kind: steps},
        {key: error for key, error in se.items() if error > 0},
    )
