"""BILOG-MG's .PAR file: four lines of heading, then fixed columns.

Item and subtest take 8 characters each, then come numbers of 10: intercept, its standard error, slope, se,
threshold, se, dispersion, se, asymptote, se, and drift (Zimowski, Muraki, Mislevy & Bock, 2003, BILOG-MG).
"""

from __future__ import annotations

from adaptest.bank.formats.parameters_rows import Row, Rows, logistic, number
from adaptest.errors import ParameterFileError

HEADING = 4
WORD = 8
NUMBER = 10
NAMES = (
    *("intercept", "intercept se", "slope", "slope se", "threshold", "threshold se"),
    *("dispersion", "dispersion se", "asymptote", "asymptote se"),
)
AGREES = 0.02  # of threshold and -intercept / slope, which are printed to five digits


def read_bilog(text: str, where: str, d: float) -> Rows:
    """Return the items; the slope is multiplied by D.

    Raises
    ------
    ParameterFileError, with file and line, where a column is no number, or threshold, slope and intercept
    contradict each other.
    """
    rows: list[Row] = []
    for line, record in enumerate(text.split("\n")[HEADING:], start=HEADING + 1):
        if not record.strip():
            continue
        place = f"{where}:{line}"
        item = record[:WORD].strip()
        if not item:
            raise ParameterFileError(f"{place}: must begin with the item's name in columns 1 to {WORD}")
        fields = [record[2 * WORD + k * NUMBER :][:NUMBER] for k in range(len(NAMES))]
        if len(record) < 2 * WORD + 6 * NUMBER:
            raise ParameterFileError(
                f"{place}: item {item!r}: must have columns of {NUMBER} up to the threshold's se"
            )
        value = {
            name: number(field, f"{place}: item {item!r}", name) if field.strip() else 0.0
            for name, field in zip(NAMES, fields, strict=True)
        }
        a, b = value["slope"], value["threshold"]
        if abs(value["intercept"] + a * b) > AGREES * max(1.0, abs(a), abs(a * b)):
            raise ParameterFileError(
                f"{place}: item {item!r}: intercept must be -slope x threshold; got {value['intercept']:g},"
                f" {a:g} and {b:g}; the columns are not those of a BILOG-MG .PAR file"
            )
        model, values = logistic(a * d, b, value["asymptote"])
        se = {"discrimination": value["slope se"] * d, "difficulty": value["threshold se"]}
        if value["asymptote"]:
            se["guessing"] = value["asymptote se"]
        rows.append(Row(item, model, values, {name: error for name, error in se.items() if error > 0}))
    return Rows(rows)
