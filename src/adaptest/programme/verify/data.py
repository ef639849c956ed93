"""The responses behind calibration cases: two published tables as pattern counts, or a file."""

from __future__ import annotations

import csv
import io
from functools import cache

import numpy as np

from adaptest.files import read_text
from adaptest.programme.verify.case import Case, Context, NotComputedError
from adaptest.responses import Responses

# How many of 1,000 examinees gave each pattern of five answers, from 00000 to 11111 in binary order.
# Bock & Lieberman (1970), Psychometrika 35(2), 179-197: sections 6 and 7 of the Law School Admission Test.
LSAT6 = (
    3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15,
    10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298,
)  # fmt: skip
LSAT7 = (
    12, 19, 1, 7, 3, 19, 3, 17, 10, 5, 3, 7, 7, 23, 8, 28,
    7, 39, 11, 34, 14, 51, 15, 90, 6, 25, 7, 35, 18, 136, 32, 308,
)  # fmt: skip
COUNTS = {"LSAT6": LSAT6, "LSAT7": LSAT7}
LSAT_ITEMS = {"LSAT6": "Item_{}", "LSAT7": "Item.{}"}
WORDS = {"very concerned": 0, "slightly concerned": 1, "not very concerned": 2}
MISSING = {"", "NA"}


def responses_of(case: Case, context: Context) -> Responses:
    """Return a case's responses.

    Raises
    ------
    NotComputedError, where there are none.
    """
    if case.data in COUNTS:
        return lsat(case.data)
    if context.root is None or not case.data:
        raise NotComputedError("it names no data")
    path = context.root / case.data.removeprefix("../")
    if not path.is_file():
        raise NotComputedError(f"its data, {case.data}, are not beside the cases")
    header, *rows = csv.reader(io.StringIO(read_text(path)))
    try:
        cells = [[_score(cell) for cell in row] for row in rows]
    except ValueError:
        raise NotComputedError("its data hold words where scores are meant") from None
    lowest = min((score for row in cells for score in row if score >= 0), default=0)
    table = np.array(cells)
    return Responses.of(np.where(table >= 0, table - lowest, -1), tuple(header))


def _score(cell: str) -> int:
    if cell in MISSING:
        return -1
    return WORDS[cell] if cell in WORDS else int(cell)


@cache
def lsat(name: str) -> Responses:
    """Return 1,000 persons of one of the two sections, pattern after pattern."""
    patterns = np.array([[code >> (4 - k) & 1 for k in range(5)] for code in range(32)])
    ids = tuple(LSAT_ITEMS[name].format(k + 1) for k in range(5))
    return Responses.of(np.repeat(patterns, COUNTS[name], axis=0), ids)
